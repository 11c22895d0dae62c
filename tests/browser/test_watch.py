"""The watch over the pages sees what it must: a stranger's host, an error, a fault of accessibility."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.chromium import Watch, accessibility_faults

PAGES = {
    "/good": "<!doctype html><html lang=en><title>Good</title><main><h1>Fine</h1></main>",
    "/stray": "<!doctype html><html lang=en><title>Stray</title><script src=//cdn.invalid/x.js></script>",
    "/broken": "<!doctype html><html lang=en><title>Broken</title><script>undefined.length</script>",
    "/dim": "<!doctype html><html lang=en><title>Dim</title><main><p style='color:#bbb'>Faint</p></main>",
}


class Pages(BaseHTTPRequestHandler):
    """Serves the four pages above."""

    def do_GET(self) -> None:
        body = PAGES.get(self.path, "").encode()
        self.send_response(200 if body else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the test reports what matters."""


@pytest.fixture
def tower_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "sign"), [("/stray", "asked another host"), ("/broken", "Cannot read properties")]
)
def test_a_fault_is_seen(context: BrowserContext, watch: Watch, path: str, sign: str) -> None:
    context.new_page().goto(path, wait_until="networkidle")
    assert any(sign in fault for fault in watch.faults())


def test_an_expected_error_is_let_pass(context: BrowserContext, watch: Watch) -> None:
    watch.expect("Cannot read properties")
    context.new_page().goto("/broken", wait_until="networkidle")
    assert watch.faults() == []


def test_a_good_page_has_no_fault(context: BrowserContext, watch: Watch) -> None:
    page = context.new_page()
    page.goto("/good")
    assert accessibility_faults(page) + watch.faults() == []


def test_low_contrast_is_seen(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/dim")
    assert any(fault.startswith("color-contrast") for fault in accessibility_faults(page))
