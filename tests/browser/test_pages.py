"""Every page in a real browser, on a desk and on a phone, light and dark: readable, quiet, and quick to leave alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import accessibility_faults

PAGES = [
    "/drift",
    "/orders",
    "/integration",
    "/failures",
    "/messages",
    "/interfaces",
    "/latency",
    "/latency/in/erp-hq",
    "/backlog",
    "/errors",
    "/flows",
    "/flows/order-to-schedule",
    "/runs",
    "/systems",
    "/systems/erp-hq",
    "/exceptions",
    "/demo",
    "/search?q=zzz",
]
PATIENCE = 120_000  # milliseconds; what the demo promises for its first drift
PHONE = {"width": 390, "height": 844}

SignIn = Callable[[str], Page]


def too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways as a whole."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def first_order(page: Page) -> str:
    """The address of an order that is in the list."""
    page.goto("/orders")
    link = page.locator("table tbody a.key").first
    expect(link).to_be_visible(timeout=PATIENCE)
    return link.get_attribute("href") or ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_meets_wcag_on_a_desk(sign_in: SignIn, scheme: str) -> None:
    page = sign_in("admin")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in [*PAGES, first_order(page)]:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert (path, accessibility_faults(page)) == (path, [])
        assert (path, too_wide(page)) == (path, False)


def test_every_page_fits_a_phone(sign_in: SignIn) -> None:
    page = sign_in("admin")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in [*PAGES, first_order(page)]:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert (path, too_wide(page)) == (path, False)
        assert (path, accessibility_faults(page)) == (path, [])


def test_the_drawer_of_a_phone_opens_and_closes_by_key(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto("/drift")
    opener = page.get_by_role("button", name="Open navigation")
    opener.click()
    expect(page.get_by_role("link", name="Orders")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Orders")).to_be_hidden()
    expect(opener).to_be_focused()


def test_slash_goes_to_the_search_and_enter_to_the_order(sign_in: SignIn) -> None:
    page = sign_in("planner")
    address = first_order(page)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(address.rpartition("/")[2].partition("?")[0])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(address.partition("?")[0])))


def test_a_table_is_walked_by_key(sign_in: SignIn) -> None:
    page = sign_in("planner")
    first_order(page)
    page.keyboard.press("j")
    expect(page.locator("table tbody a.key").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("table tbody a.key").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Beliefs")).to_be_visible()


def test_the_chosen_theme_is_there_from_the_first_byte(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.locator("details.menu summary").click()
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    answer = page.goto("/orders")
    assert answer is not None
    assert 'data-theme="dark"' in answer.text()


def test_plant_and_filters_live_in_the_address(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.goto("/orders")
    page.locator("select[name=plant]").select_option("GRAZ")
    expect(page).to_have_url(re.compile("plant=GRAZ"))
    page.get_by_role("link", name="Drift board").click()
    expect(page).to_have_url(re.compile("/drift.*plant=GRAZ"))
    page.go_back()
    expect(page.locator("select[name=plant]")).to_have_value("GRAZ")


def test_the_timeline_is_drawn_and_the_page_leads_into_the_past(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.goto(first_order(page))
    expect(page.locator("#lanes .main-svg").first).to_be_visible()
    page.get_by_role("link", name="10 min ago").click()
    expect(page.get_by_text("You see what was believed at")).to_be_visible()
    page.get_by_role("link", name="Back to now").click()
    expect(page.get_by_text("You see what was believed at")).to_have_count(0)


def test_a_lost_connection_is_said_and_heals(sign_in: SignIn, watch: object) -> None:
    watch.expect("Failed to load resource")  # type: ignore[attr-defined]
    watch.expect("htmx:")  # type: ignore[attr-defined]
    page = sign_in("planner")
    page.goto("/drift")
    page.context.set_offline(True)
    expect(page.get_by_text("No connection to the tower since")).to_be_visible(timeout=PATIENCE)
    page.context.set_offline(False)
    expect(page.get_by_text("No connection to the tower since")).to_be_hidden(timeout=PATIENCE)


def test_refreshing_keeps_what_is_typed_and_focused(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.goto(first_order(page))
    box = page.get_by_placeholder("Find in the story")
    box.fill("changed")
    with page.expect_response(lambda response: "/pulse" in response.url):
        pass
    expect(box).to_have_value("changed")
    expect(box).to_be_focused()


def test_a_fault_is_switched_on_and_off_from_the_panel(sign_in: SignIn) -> None:
    page = sign_in("integration")
    page.goto("/demo")
    card = page.get_by_role("region", name="Duplicate delivery")
    card.get_by_role("button", name=re.compile("Switch on")).click()
    expect(page.get_by_text("duplicate is on.")).to_be_visible()
    card.get_by_role("button", name=re.compile("Switch off")).click()
    expect(page.get_by_text("duplicate is off.")).to_be_visible()


def test_the_executive_may_look_but_not_touch(sign_in: SignIn) -> None:
    page = sign_in("executive")
    page.goto("/exceptions")
    expect(page.get_by_role("heading", name="Exceptions")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge the ticked ones")).to_have_count(0)
    expect(page.get_by_role("link", name="Demo panel")).to_have_count(0)


def test_ticks_outlive_a_refresh(sign_in: SignIn) -> None:
    page = sign_in("planner")
    page.goto("/exceptions")
    box = page.locator("tbody input[type=checkbox]").first
    expect(box).to_be_visible(timeout=PATIENCE)
    box.check()
    page.get_by_role("heading", level=1).click()
    with page.expect_response(lambda response: "/exceptions" in response.url):
        page.locator("#live").dispatch_event("shown")
    page.wait_for_load_state("networkidle")
    expect(box).to_be_checked()


def test_everything_is_readable_without_scripts(browser: Browser, tower_url: str) -> None:
    context = browser.new_context(base_url=tower_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login?next=/systems")
    page.get_by_label("Name").fill("planner")
    page.get_by_label("Password").fill("planner-demo")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Systems")).to_be_visible()
    expect(page.get_by_role("link", name="ERP headquarters")).to_be_visible()
    context.close()
