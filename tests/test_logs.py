"""What is logged is one JSON object a line, with the context it was said in, and without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from flask import Flask

from controltower import logs
from controltower.web import tracing


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged during the test, as JSON; the logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setenv("CONTROLTOWER_LOG", "json")
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def told(lines: io.StringIO) -> dict[str, object]:
    entry: dict[str, object] = json.loads(lines.getvalue().splitlines()[-1])
    return entry


def test_an_entry_carries_the_message_the_system_and_the_trace(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(message=17, system="erp-hq", trace="4bf9"):
        structlog.get_logger("controltower.test").info("recorded", events=3)
    entry = told(lines)
    assert (entry["event"], entry["message"], entry["system"], entry["trace"]) == (
        "recorded",
        17,
        "erp-hq",
        "4bf9",
    )
    assert (entry["level"], entry["events"]) == ("info", 3)


@pytest.mark.parametrize(
    "name", ["password", "hook_secret", "api_key", "Authorization", "token", "cookie", "signature"]
)
def test_a_value_that_is_named_as_a_secret_is_blanked(lines: io.StringIO, name: str) -> None:
    structlog.get_logger("controltower.test").info(
        "seen", **{name: "hush-hush", "nested": {name: "hush-hush"}}
    )
    assert "hush-hush" not in lines.getvalue()
    assert told(lines)[name] == logs.HIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hush-hush",
        "whsec_hushhush=",
        "postgresql://tower:hush-hush@db/tower",
        "key ct_hushhushhushhushhushhush",
        "Basic aHVzaC1odXNo",
    ],
)
def test_a_secret_inside_a_text_is_blanked(lines: io.StringIO, text: str) -> None:
    structlog.get_logger("controltower.test").warning("seen", what=text)
    assert logs.HIDDEN in lines.getvalue()
    assert not any(word in lines.getvalue() for word in ("hush", "aHVzaC1odXNo"))


def test_a_library_s_entry_takes_the_same_form(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("took %s s", 3)
    entry = told(lines)
    assert (entry["event"], entry["logger"], entry["level"]) == ("took 3 s", "some.library", "warning")


def test_an_exception_is_told_with_its_traceback(lines: io.StringIO) -> None:
    try:
        int("seven")
    except ValueError:
        structlog.get_logger("controltower.test").exception("job failed")
    assert "invalid literal" in str(told(lines)["exception"])


def test_the_scheduler_s_missed_runs_are_no_warning(lines: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").warning("Execution of job was missed")
    assert lines.getvalue() == ""


def test_what_a_request_logs_carries_its_caller_s_trace(lines: io.StringIO) -> None:
    app = Flask("traced")
    tracing.register(app)

    @app.get("/seen")
    def seen() -> str:
        structlog.get_logger("controltower.test").info("seen")
        return ""

    trace = "0af7651916cd43dd8448eb211c80319c"
    app.test_client().get("/seen", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert (told(lines)["trace"], told(lines)["path"]) == (trace, "/seen")
    app.test_client().get("/seen")
    assert told(lines)["trace"] != trace
