"""What somebody sees who starts the demo: in, a drift with its cause, and the order that proves it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import accessibility_faults

TWO_MINUTES = 120_000  # milliseconds; what the demo promises for its first drift


@pytest.mark.parametrize("name", ["executive", "planner", "integration", "admin"])
def test_each_person_reaches_a_desk(sign_in: Callable[[str], Page], name: str) -> None:
    page = sign_in(name)
    expect(page.get_by_role("navigation").first).to_be_visible()
    assert accessibility_faults(page) == []


def test_a_stranger_is_asked_to_log_in(page: Page) -> None:
    page.goto("/drift")
    expect(page).to_have_url(re.compile(r"/login\?next=/drift"))
    assert accessibility_faults(page) == []


def test_a_live_drift_is_one_click_from_its_order(sign_in: Callable[[str], Page]) -> None:
    page = sign_in("planner")
    page.goto("/drift")
    order = page.locator("main table tbody a").first
    expect(order).to_be_visible(timeout=TWO_MINUTES)
    order.click()
    expect(page).to_have_url(re.compile(r"/orders?/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert accessibility_faults(page) == []
