"""Flows in a real browser: from the desk's page to a decision about one step, on a desk and on a phone."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chromium import accessibility_faults
from tests.browser.test_pages import PATIENCE, PHONE, SignIn, too_wide

LONG = {"timeout": PATIENCE}


def waiting_step(page: Page) -> None:
    """From the list of flows to those who wait at the first step where anybody does."""
    page.goto("/flows")
    bar = page.locator("#bars-order-to-schedule .bar-cell a").first
    expect(bar).to_be_visible(**LONG)  # type: ignore[arg-type]
    bar.click()
    expect(page.get_by_role("heading", name=re.compile("Waiting at"))).to_be_visible()


def test_from_a_bar_to_a_decision_that_is_shown(sign_in: Callable[[str], Page]) -> None:
    page = sign_in("integration")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/flows/order-to-schedule")
    order = page.locator("#stories a.key").first
    expect(order).to_be_visible(**LONG)  # type: ignore[arg-type]
    order.click()
    page.get_by_text("Cancel the flow", exact=True).click()
    page.get_by_label("Why").first.fill("tried in a browser")
    page.get_by_role("button", name=re.compile("Cancel the flow of")).click()
    expect(page.get_by_text("The flow is cancelled.")).to_be_visible()
    expect(page.get_by_text("tried in a browser").first).to_be_visible()
    page.get_by_text("Reopen the flow", exact=True).click()
    page.get_by_label("Why").first.fill("they want it after all")
    page.get_by_role("button", name=re.compile("Reopen the flow of")).click()
    expect(page.get_by_text("It is open again.")).to_be_visible()
    expect(page.get_by_text("under way").first).to_be_visible()


def test_a_bar_opens_the_orders_that_wait_there(sign_in: SignIn) -> None:
    page = sign_in("planner")
    waiting_step(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()


def test_one_orders_flow_is_readable_and_fits_a_phone(sign_in: SignIn) -> None:
    page = sign_in("integration")
    page.goto("/flows/order-to-schedule")
    order = page.locator("#stories a.key").first
    expect(order).to_be_visible(**LONG)  # type: ignore[arg-type]
    order.click()
    expect(page.get_by_role("heading", name="Steps")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert (scheme, accessibility_faults(page)) == (scheme, [])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert not too_wide(page)
    assert accessibility_faults(page) == []
