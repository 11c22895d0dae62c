"""Each way in which a polled system fails has its own name, and no credential goes astray."""

import datetime
import socket
from collections.abc import Mapping
from email.utils import format_datetime

import pytest

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.http import Limits, Source, auth_of, retry_after
from tests.connectors.served import Asked, Reply, serve


def _failure(reply: Reply, limits: Limits | None = None) -> SourceUnavailable:
    with serve(lambda _: reply) as served, pytest.raises(SourceUnavailable) as failed:
        Source(served.url, limits=limits).get("/list")
    return failed.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "credentials"),
        (403, "credentials"),
        (400, "contract"),
        (404, "removed"),
        (410, "removed"),
        (408, "timeout"),
        (429, "throttled"),
        (500, "refused"),
        (503, "refused"),
    ],
)
def test_a_status_gives_its_kind_of_failure(status: int, kind: str) -> None:
    failure = _failure(Reply({"detail": "said so"}, status))
    assert failure.kind == kind
    assert "said so" in str(failure)


def test_a_redirect_to_a_login_page_is_a_spent_credential_and_never_followed() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply([], 302, {"Location": "/data/login/?next=/list"}) if asked.path == "/list" else Reply([])

    with serve(answer) as served:
        with pytest.raises(SourceUnavailable) as failed:
            Source(served.url).get("/list")
        assert failed.value.kind == "credentials"
        assert [asked.path for asked in served.asked] == ["/list"]


def test_a_redirect_elsewhere_is_a_wrong_address() -> None:
    assert _failure(Reply([], 301, {"Location": "https://other.example/list"})).kind == "contract"


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    assert _failure(Reply({}, 429, {"Retry-After": "17"})).retry_after == 17
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    assert 200 < (retry_after(format_datetime(soon, usegmt=True)) or 0) <= 300
    assert retry_after("86400") == 3600
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_nobody_listening_is_down() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceUnavailable) as failed:
            Source(f"http://127.0.0.1:{taken.getsockname()[1]}").get("/")
    assert failed.value.kind == "down"


def test_a_silent_server_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        source = Source(f"http://127.0.0.1:{mute.getsockname()[1]}", limits=Limits(read=0.05))
        with pytest.raises(SourceUnavailable) as failed:
            source.get("/")
    assert failed.value.kind == "timeout"


def test_an_answer_cut_short_is_down() -> None:
    assert _failure(Reply(body=b"[1", headers={"Content-Length": "50", "Connection": "close"})).kind in (
        "down",
        "timeout",
    )


def test_an_answer_too_large_is_refused() -> None:
    assert _failure(Reply(body=b" " * 2000), Limits(largest=1000)).kind == "contract"


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"auth": "bearer", "token": "t0"}, "authorization", "Bearer t0"),
        ({"auth": "bearer", "scheme": "Token", "token": "t0"}, "authorization", "Token t0"),
        ({"auth": "basic", "user": "ann", "password": "pä"}, "authorization", "Basic YW5uOnDDpA=="),
        ({"auth": "header", "header": "X-Api-Key", "token": "t0"}, "x-api-key", "t0"),
        ({}, "authorization", None),
    ],
)
def test_credentials_are_shown_as_configured(
    settings: Mapping[str, str], header: str, value: str | None
) -> None:
    with serve(lambda _: Reply([], headers={"Set-Cookie": "session=1"})) as served:
        source = Source(served.url, auth_of(settings))
        source.get("/")
        source.get("/")
        assert served.asked[1].headers.get(header) == value
        assert "cookie" not in served.asked[1].headers


@pytest.mark.parametrize("settings", [{"auth": "bearer"}, {"auth": "basic", "user": "x"}, {"auth": "oauth"}])
def test_incomplete_credentials_are_told(settings: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match="setting"):
        auth_of(settings)


def test_next_page_links_never_lead_to_another_host() -> None:
    source = Source("http://erp.example/base")
    assert source.same_host_path("http://elsewhere.example/base/list?page=2") == "/list?page=2"
    with pytest.raises(SourceUnavailable):
        source.same_host_path("page=2")
