"""Lines, several mistakes at once, and secrets that stay secret."""

from pathlib import Path

import pytest

from controltower.landscape_files import ERROR, ConfigurationError, check, load
from tests.landscape_files.declared import ENVIRONMENT, HIDDEN, WHOLE, add, swap, told, written
from tests.landscape_files.test_polled import WMS, with_wms


def test_a_problem_names_its_line(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "ownership.toml", swap('"erp"', '"epr"'))
    assert str(problem).startswith(f"error: {tmp_path}/ownership.toml:2: order.due_date.owner names")


def test_broken_toml_names_its_line(tmp_path: Path) -> None:
    problems = told(tmp_path, "plants.toml", add("[broken\n"))
    assert any("line 4" in problem.what for problem in problems)


def test_every_mistake_is_found_at_once(tmp_path: Path) -> None:
    def change(text: str) -> str:
        return text.replace('"mes"', '"mess"').replace('"cloudevents"', '"cloud"').replace("rate", "rat")

    places = {problem.place for problem in told(tmp_path, "systems.toml", change)}
    assert places >= {"mes.role", "mes.connector", "erp.connector", "mes.hooks.rat"}


def test_a_missing_variable_is_told_by_name_and_once(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    (problem,) = check(tmp_path, {"ERP_SECRET": HIDDEN})
    assert (problem.place, problem.severity) == ("mes.hooks.secrets[1]", ERROR)
    assert "MES_SECRET, which is not set" in problem.what


def test_a_value_may_be_in_a_file(tmp_path: Path) -> None:
    written(tmp_path / "c", WHOLE)
    (tmp_path / "secret").write_text(f"{HIDDEN}\n", encoding="utf-8")
    held = {"ERP_SECRET": HIDDEN, "MES_SECRET_FILE": str(tmp_path / "secret")}
    hooks = load(tmp_path / "c", held).systems["mes"].hooks
    assert hooks is not None
    assert hooks.secrets == (HIDDEN,)
    (problem,) = check(tmp_path / "c", {**held, "MES_SECRET_FILE": str(tmp_path / "gone")})
    assert "MES_SECRET_FILE" in problem.what


SPOTS = [
    ("systems.toml", swap('role = "mes"', 'role = "env:MES_SECRET"')),
    ("systems.toml", swap('["*"]', '["env:MES_SECRET"]')),
    ("systems.toml", swap('team = "it"', 'team = "env:MES_SECRET"')),
    ("systems.toml", swap("600", '"env:MES_SECRET"')),
    ("systems.toml", swap('"2 MiB"', '"env:MES_SECRET"')),
    ("plants.toml", swap('"Europe/Paris"', '"env:MES_SECRET"')),
    ("expectations.toml", swap('"order.released"', '"env:MES_SECRET"')),
    ("expectations.toml", swap('["released"]', '["env:MES_SECRET"]')),
    ("expectations.toml", lambda text: (text + text).replace('"known"', '"env:MES_SECRET"')),
    ("interfaces.toml", swap('"erp"', '"env:MES_SECRET"')),
    ("rules.toml", swap('"90 s"', '"env:MES_SECRET"')),
    ("rules.toml", swap('"duplicate-delivery"', '"env:MES_SECRET"')),
    ("service.toml", lambda text: 'extends = "env:MES_SECRET"\n' + text),
]


@pytest.mark.parametrize("spot", range(len(SPOTS)))
def test_a_secret_is_never_printed(spot: int, tmp_path: Path) -> None:
    """Not even where it stands by mistake in the place of something else."""
    problems = told(tmp_path, *SPOTS[spot])
    assert problems
    assert HIDDEN not in "\n".join(map(str, problems))
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, ENVIRONMENT)
    assert HIDDEN not in str(raised.value)
    assert HIDDEN not in repr(raised.value.problems)


def test_a_secret_setting_and_an_address_are_never_printed(tmp_path: Path) -> None:
    wms = WMS.replace("http://wms.example", "env:MES_SECRET").replace("wms.toml", "wsm.toml")
    problems = with_wms(tmp_path, wms + f'token = "{HIDDEN}"\n')
    assert {problem.place for problem in problems} >= {"wms.settings.url", "wms.settings.token"}
    assert HIDDEN not in "\n".join(map(str, problems))


def test_the_landscape_shows_no_secret(tmp_path: Path) -> None:
    assert HIDDEN not in repr(load(written(tmp_path, WHOLE), ENVIRONMENT))
