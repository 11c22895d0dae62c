"""A real Chromium for the tests: where it is, how it is started, and a watch over what its pages do."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request

# The same names in the same order as in setup.sh, which installs one where it can.
NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
# No host but ours resolves: a page that asks for a CDN fails here as it would in a plant.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# WCAG 2.2 AA, which is what the pages promise.
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def find_chromium() -> Path | None:
    """Return the browser's path: $CHROMIUM, else the first that is installed, else None."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (found := shutil.which(name)):
            return Path(found)
    return None


@dataclass
class Watch:
    """Writes down what a page must not do: reach for another host, or report an error on its console."""

    host: str
    strays: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)  # parts of messages that a test means to provoke

    def over(self, context: BrowserContext) -> None:
        """Start to watch every page of a context."""
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._page_error(error.error))

    def expect(self, part: str) -> None:
        """Allow console messages with `part` in them, such as the browser's own line for a 403."""
        self.expected.append(part)

    def faults(self) -> list[str]:
        """All that went wrong so far, one line each."""
        unexpected = [line for line in self.errors if not any(part in line for part in self.expected)]
        return [f"asked another host for {url}" for url in self.strays] + unexpected

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self.host:
            self.strays.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _page_error(self, error: Error) -> None:
        self.errors.append(f"script: {error}")


def accessibility_faults(page: Page) -> list[str]:
    """Run axe on a page; return a line for each rule of WCAG 2.2 AA that it breaks, with the places."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}}).response["violations"]
    return [f"{one['id']}: {one['help']}: " + ", ".join(_places(one)) for one in found]


def _places(violation: dict[str, list[dict[str, list[str]]]]) -> list[str]:
    return [" ".join(map(str, node["target"])) for node in violation["nodes"]]
