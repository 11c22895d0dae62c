"""What the environment says, and the secrets that are kept where it says nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controltower import demo
from controltower.demo import Demo
from controltower.settings import Settings, kept_secret


def test_without_a_word_the_tower_is_local(tmp_path: Path) -> None:
    found = Settings.from_environment({"CONTROLTOWER_STATE": str(tmp_path)})
    assert found.database_url == f"sqlite:///{tmp_path}/tower.db"
    assert (found.config_dir, found.demo, found.clock_path) == (Path("config"), False, None)


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://db/tower\n", encoding="utf-8")
    assert (
        Settings.from_environment({"DATABASE_URL_FILE": str(tmp_path / "url")}).database_url
        == "postgresql://db/tower"
    )


def test_settings_show_no_secret(tmp_path: Path) -> None:
    shown = repr(Settings("postgresql://tower:hush@db/tower", tmp_path, tmp_path, secret_key="hush"))
    assert "hush" not in shown


def test_a_kept_secret_is_the_same_for_all_and_only_its_owner_s(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: kept_secret(file), range(8)))
    assert len(found) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["secret_key"]


def test_a_given_key_is_used_and_none_is_kept(tmp_path: Path) -> None:
    found = Settings.from_environment(
        {"CONTROLTOWER_STATE": str(tmp_path), "CONTROLTOWER_SECRET_KEY": "given"}
    )
    assert found.session_key() == "given"
    assert list(tmp_path.iterdir()) == []


def test_a_demo_keeps_its_secrets_and_adds_what_is_new(tmp_path: Path) -> None:
    first = demo.environment(tmp_path, Demo(port=8123), {})
    file = tmp_path / "simulated" / "demo" / "secrets.env"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(lines[1:]) + "\n", encoding="utf-8")
    second = demo.environment(tmp_path, Demo(port=8123), {})
    assert file.stat().st_mode & 0o777 == 0o600
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {lines[0].partition("=")[0]}


def test_a_demo_knows_where_everything_is(tmp_path: Path) -> None:
    found = demo.environment(tmp_path, Demo(port=8123), {})
    assert found["ERP_HQ_URL"] == "http://127.0.0.1:8224"
    assert found["CONTROLTOWER_SIM_CONTROL_URL"] == "http://127.0.0.1:8223"
    assert found["CONTROLTOWER_CLOCK"].endswith("clock.json")
    # The state of a tower of one's own would hand it the demo's people with their known passwords.
    assert found["CONTROLTOWER_STATE"] == str(tmp_path / "simulated")


def test_with_a_real_erp_the_tower_lives_in_real_time_and_apart(tmp_path: Path) -> None:
    found = demo.environment(tmp_path, Demo(port=8123, erp=demo.TRYTON), {})
    assert found["ERP_HQ_URL"] == "http://127.0.0.1:8224"
    assert found["CONTROLTOWER_CLOCK"] == ""
    assert found["CONTROLTOWER_STATE"] == str(tmp_path / "with-tryton")
    assert found["CONTROLTOWER_CONFIG"].endswith("tryton")


def test_easy_passwords_are_for_this_machine_only(tmp_path: Path) -> None:
    held = demo.environment(tmp_path, Demo(), {})
    assert demo.passwords(Demo(), held)["planner"] == "planner-demo"
    assert held["DEMO_PASSWORD"] in demo.passwords(Demo(host="0.0.0.0"), held)["planner"]


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.7", False)],
)
def test_who_can_reach_an_address(host: str, local: bool) -> None:
    assert demo.only_here(host) is local
