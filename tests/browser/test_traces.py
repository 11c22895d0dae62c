"""A trace in a real browser: on its page, on that of a message, and folded on an order until somebody looks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.carrying import CarryingTower
from tests.browser.chromium import accessibility_faults
from tests.browser.test_outgoing import carrying, enter, tower_url
from tests.browser.test_pages import PHONE, too_wide

__all__ = ["carrying", "enter", "tower_url"]
Enter = Callable[[str], Page]


def first_delivery(page: Page) -> None:
    """Go to the delivery of the newest dead letter."""
    page.goto("/integration")
    page.locator("#failures-table tr", has_text="Refused").get_by_role("link", name="newest").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_the_waterfall_of_a_dead_delivery_is_readable(
    carrying: CarryingTower, enter: Enter, scheme: str, phone: bool
) -> None:
    page = enter("integration")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    if phone:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    first_delivery(page)
    fall = page.get_by_role("region", name="Waterfall of the trace")
    expect(fall.get_by_role("row").filter(has_text="Attempt 1")).to_contain_text("failed")
    assert (accessibility_faults(page), too_wide(page)) == ([], False)
    page.get_by_role("link", name="The trace alone").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trace of")
    assert (accessibility_faults(page), too_wide(page)) == ([], False)
    page.get_by_role("link", name=re.compile("Message from ERP")).click()
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible()


def test_an_orders_traces_unfold_by_key(carrying: CarryingTower, enter: Enter) -> None:
    page = enter("planner")
    page.goto("/orders/LYON/MO-1000")
    folded = page.locator(".ways details").first
    expect(folded.locator("table")).to_have_count(0)
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(folded.get_by_role("row").filter(has_text="Attempt 1")).to_be_visible()
    assert accessibility_faults(page) == []


def test_the_search_box_takes_a_trace(carrying: CarryingTower, enter: Enter) -> None:
    page = enter("integration")
    first_delivery(page)
    trace = page.get_by_role("link", name=re.compile("^[0-9a-f]{32}$")).first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(trace)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/traces/{trace}$"))
    expect(page.get_by_role("row").filter(has_text="Attempt 1").first).to_be_visible()
