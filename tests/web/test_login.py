"""Who gets in, who does not, and what a refused guess learns."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.store import user
from controltower.store.engine import writing
from controltower.web.login import hash_password, safe_next
from tests.factories import Plantlet
from tests.web.conftest import PASSWORD


def test_a_stranger_is_sent_to_the_login_and_back_afterwards(page_app: Flask) -> None:
    client = page_app.test_client()
    sent = client.get("/orders?plant=LYON")
    assert (sent.status_code, sent.location) == (303, "/login?next=/orders?plant%3DLYON")
    entered = client.post(sent.location, data={"name": "planner", "password": PASSWORD})
    assert (entered.status_code, entered.location) == (303, "/orders?plant=LYON")
    assert client.get(entered.location).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("planner", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("planner", ""), ("", "")],
)
def test_every_refusal_reads_the_same(page_app: Flask, name: str, password: str) -> None:
    client = page_app.test_client()
    answer = client.post("/login", data={"name": name, "password": password})
    assert answer.status_code == 401
    assert "Name and password do not match" in answer.text
    assert client.get("/orders").status_code == 303


def test_names_are_found_in_capital_letters_too(page_app: Flask) -> None:
    answer = page_app.test_client().post("/login", data={"name": " PLANNER ", "password": PASSWORD})
    assert answer.status_code == 303


def test_guessing_is_limited_by_name(page_app: Flask) -> None:
    client = page_app.test_client()
    guesses = [client.post("/login", data={"name": "planner", "password": "x"}).status_code for _ in range(8)]
    assert guesses == [401] * 6 + [429] * 2
    other = client.post("/login", data={"name": "admin", "password": PASSWORD})
    assert other.status_code == 303


def test_a_changed_password_ends_other_sessions(planner: FlaskClient, told: tuple[Flask, Plantlet]) -> None:
    assert planner.get("/orders").status_code == 200
    with writing(told[1].tower.engine) as connection:
        person = user.user_by_name(connection, "planner")
        assert person is not None
        user.set_password(connection, person.id, hash_password("another one"))
    assert planner.get("/orders").status_code == 303


def test_a_person_who_left_is_out_at_once(planner: FlaskClient, told: tuple[Flask, Plantlet]) -> None:
    with writing(told[1].tower.engine) as connection:
        person = user.user_by_name(connection, "planner")
        assert person is not None
        user.set_active(connection, person.id, False)
    assert planner.get("/orders").status_code == 303


def test_logging_out_ends_the_session(planner: FlaskClient) -> None:
    assert planner.post("/logout").location == "/login"
    assert planner.get("/orders").status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "orders",
        "",
        None,
        "/a\nb",
        "/a\\b",
    ],
)
def test_next_never_leaves_the_tower(target: str | None) -> None:
    assert safe_next(target) is None


def test_next_keeps_the_query() -> None:
    assert safe_next("/drift?plant=LYON&sort=-age") == "/drift?plant=LYON&sort=-age"


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(page_app: Flask) -> None:
    answer = page_app.test_client().post("/login", data={"name": "planner", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_forms_without_the_token_are_refused(told: tuple[Flask, Plantlet]) -> None:
    client = told[0].test_client()
    refused = client.post("/login", data={"name": "planner", "password": PASSWORD})
    assert refused.status_code == 400
    assert "open too long" in refused.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    data = {"name": "planner", "password": PASSWORD, "csrf_token": token.group(1)}
    assert client.post("/login", data=data).status_code == 303


def test_htmx_requests_carry_the_token_in_a_header(told: tuple[Flask, Plantlet]) -> None:
    client = told[0].test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    entered = client.post(
        "/login", data={"name": "planner", "password": PASSWORD}, headers={"X-CSRFToken": token.group(1)}
    )
    assert entered.status_code == 303
    assert "X-CSRFToken" in client.get("/orders").text


@pytest.mark.parametrize(
    ("role", "home"), [("planner", "/drift"), ("integration", "/integration"), ("executive", "/")]
)
def test_each_role_starts_at_its_desk(page_app: Flask, role: str, home: str) -> None:
    answer = page_app.test_client().post("/login", data={"name": role, "password": PASSWORD})
    assert answer.location == home


def test_what_a_role_may_not_do_is_refused_on_the_server(as_role: Callable[[str], FlaskClient]) -> None:
    executive, planner = as_role("executive"), as_role("planner")
    assert executive.post("/exceptions/acknowledge").status_code == 403
    assert "Your role does not include this" in executive.post("/exceptions/acknowledge").text
    assert planner.post("/messages/1/reprocess").status_code == 403
    assert planner.get("/messages/1/raw").status_code == 403
    assert as_role("admin").post("/exceptions/acknowledge").status_code == 303
