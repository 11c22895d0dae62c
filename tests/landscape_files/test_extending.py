"""One configuration extends another."""

from pathlib import Path

from controltower.landscape_files import load
from tests.landscape_files.declared import ENVIRONMENT, EXPECTATIONS, MINUTE, WHOLE, written


def test_a_table_said_here_replaces_the_one_there(tmp_path: Path) -> None:
    written(tmp_path / "there", WHOLE)
    here = {
        "service.toml": 'extends = "../there"\n',
        "plants.toml": '[LYON]\nname = "Lyon-Sud"\ntime_zone = "Europe/Paris"\n',
        "expectations.toml": EXPECTATIONS.replace('"1 h"', '"2 h"'),
    }
    landscape = load(written(tmp_path / "here", here), ENVIRONMENT)
    assert landscape.plants["LYON"].name == "Lyon-Sud"
    assert [rule.within for rule in landscape.expectations] == [120 * MINUTE]
    assert (list(landscape.systems), len(landscape.flows), list(landscape.teams)) == (
        ["erp", "mes"],
        1,
        ["it"],
    )


def test_an_expectation_that_is_off_is_not_expected(tmp_path: Path) -> None:
    written(tmp_path, {**WHOLE, "rules.toml": '[limits]\noff = ["known"]\n'})
    assert load(tmp_path, ENVIRONMENT).expectations == ()
