"""The flag that writes the expected events anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-goldens", action="store_true", help="write fixtures' expected events anew")


@pytest.fixture
def write_goldens(pytestconfig: pytest.Config) -> bool:
    """Whether this run writes the expected events instead of comparing with them."""
    return bool(pytestconfig.getoption("--write-goldens", default=False))
