"""Every address of the tower asks who is there, except a short list of those that must not."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from controltower import create_app
from controltower.settings import Settings

# Blueprints open to anybody: they show nothing of a plant.
OPEN = frozenset({"health", "metrics", "assets", "login", "openapi"})
# Pages outside a blueprint, and single addresses, that are open for the same reason.
OPEN_ADDRESSES = frozenset({"/favicon.ico"})
# Blueprints that believe a signature or a key, never a session: they answer 401 themselves.
KEYED = frozenset({"hooks", "api"})
VARIABLE = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")  # <kind(options):name> of a rule
SAMPLES = {"int": 1, "float": 1.0, "uuid": "00000000-0000-0000-0000-000000000000"}


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Flask:
    settings = Settings(
        database_url=sqlite_url,
        config_dir=tmp_path,
        state_dir=tmp_path / "state",
        secret_key="only for this test",
        demo=True,
    )
    return create_app(settings)


def address(app: Flask, rule: Rule) -> str:
    """A URL that the rule matches, with made-up values in its variable parts."""
    values = {name: SAMPLES.get(kind, "x") for kind, name in VARIABLE.findall(rule.rule)}
    with app.test_request_context():
        built: str = app.url_map.bind("localhost").build(rule.endpoint, values, method=_method(rule))
        return built


def _method(rule: Rule) -> str:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})[0]


def refusal(app: Flask, client: FlaskClient, rule: Rule) -> str | None:
    """Ask as a stranger; return what is wrong with the answer, or None when it is a refusal."""
    blueprint = rule.endpoint.rpartition(".")[0]
    where = address(app, rule)
    if blueprint in OPEN or where in OPEN_ADDRESSES:
        return None
    answer = client.open(where, method=_method(rule))
    to_login = answer.status_code in {302, 303} and answer.location.partition("?")[0] == "/login"
    # 400 is the missing CSRF token of a form, which is looked at before the session is.
    refused = {401, 403, 404} if blueprint in KEYED else {400, 401, 403}
    if to_login or answer.status_code in refused:
        return None
    return f"{_method(rule)} {where} answered {answer.status_code} to a stranger"


def test_every_address_asks_who_is_there(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    rules = list(app.url_map.iter_rules())
    assert len(rules) > 3
    assert [wrong for rule in rules if (wrong := refusal(app, client, rule))] == []


def test_a_stranger_cannot_tell_a_known_address_from_an_unknown_one(app: Flask) -> None:
    answer = app.test_client().get("/nothing/is/here")
    assert answer.status_code in {302, 303, 401}
