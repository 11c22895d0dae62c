"""What a browser test may ask for: a page on a running tower, watched for errors and strangers."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import FLAGS, Watch, find_chromium
from tests.browser.live import LiveTower

NO_BROWSER = "no Chromium found: install chromium, or set CHROMIUM to its path"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this run. Without one the tests are skipped, but never on CI."""
    path = find_chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(NO_BROWSER)
    if path is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def live_tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveTower]:
    """The demo, started once for all browser tests that ask for it."""
    with LiveTower(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
def tower_url(live_tower: LiveTower) -> str:
    """The address of the tower under test; a file of tests may put another in its place."""
    return live_tower.url


@pytest.fixture
def sign_in(page: Page) -> Callable[[str], Page]:
    """Log a person of the demo in: `sign_in("planner")` returns the page at that person's desk."""

    def as_person(name: str) -> Page:
        page.goto("/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(LiveTower.password(name))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    return as_person


@pytest.fixture
def context(browser: Browser, tower_url: str) -> Iterator[BrowserContext]:
    """A visitor without a session, at a desk in Lyon."""
    made = browser.new_context(
        base_url=tower_url,
        viewport={"width": 1440, "height": 900},
        locale="en-GB",
        timezone_id="Europe/Paris",
        reduced_motion="reduce",
    )
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def watch(context: BrowserContext, tower_url: str) -> Watch:
    """What the pages of this test do; `watch.expect(part)` allows an error that is meant."""
    over = Watch(host=urlsplit(tower_url).netloc)
    over.over(context)
    return over


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A blank page; the test fails if it asks another host for anything or reports an error."""
    opened = context.new_page()
    yield opened
    opened.close()
    assert watch.faults() == []
