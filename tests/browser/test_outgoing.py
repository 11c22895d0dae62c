"""The integration desk in a real browser: from its home to a resubmitted message in three clicks; every page fits."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.carrying import CarryingTower
from tests.browser.chromium import Watch, accessibility_faults
from tests.browser.test_pages import PHONE, too_wide
from tests.databases import copy_sqlite
from tests.web.conftest import PASSWORD

Enter = Callable[[str], Page]


@pytest.fixture
def carrying(migrated_sqlite: Path, tmp_path: Path) -> Iterator[CarryingTower]:
    copy_sqlite(migrated_sqlite, tmp_path / "tower.db")
    with CarryingTower(f"sqlite:///{tmp_path / 'tower.db'}", tmp_path / "state") as running:
        running.fill(dead=12, stale=3, unreadable=4)
        yield running


@pytest.fixture
def tower_url(carrying: CarryingTower) -> str:
    return carrying.url


@pytest.fixture
def enter(page: Page) -> Enter:
    """Log a person in: the integration desk begins at its home."""

    def as_person(name: str) -> Page:
        page.goto("/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    return as_person


class Clicks:
    """Counts every click of a page, whatever made it."""

    def __init__(self, page: Page) -> None:
        self.number = 0
        page.expose_function("clickCounted", self._count)
        page.add_init_script("addEventListener('click', () => clickCounted(), true)")

    def _count(self) -> None:
        self.number += 1


def test_from_the_home_to_a_resubmitted_message_in_three_clicks(
    carrying: CarryingTower, enter: Enter
) -> None:
    carrying.fill(dead=1, stale=0, unreadable=0)
    page = enter("integration")
    clicks = Clicks(page)
    page.goto("/integration")
    page.locator("#failures-table tr", has_text="Refused").get_by_role("link", name="newest").click()
    page.get_by_label("Why").click()
    page.keyboard.type("routing added")
    page.get_by_role("button", name="Resubmit", exact=True).click()
    expect(page.get_by_text("Resubmitted: this is the new delivery.")).to_be_visible()
    assert clicks.number == 3
    taken = len(carrying.aps.booked)
    carrying.work(1)
    assert len(carrying.aps.booked) == taken + 1


def test_a_whole_group_is_resubmitted_in_three_clicks_and_watched(
    carrying: CarryingTower, enter: Enter
) -> None:
    page = enter("integration")
    clicks = Clicks(page)
    page.goto("/integration")
    page.locator("#failures-table a.key", has_text="Refused").click()
    page.get_by_label("Why").click()
    page.keyboard.type("routing added")
    page.get_by_role("button", name="Resubmit 9 safe ones").click()
    expect(page.get_by_role("heading", name="0 of 9 taken by the target, 0 applied")).to_be_visible()
    assert clicks.number == 3
    carrying.work()
    # The page finds out by itself.
    expect(page.get_by_role("heading", name="9 of 9 taken by the target, 0 applied")).to_be_visible()
    expect(page.get_by_role("link", name="3 superseded")).to_be_visible()
    assert accessibility_faults(page) == []


def test_old_news_goes_only_after_an_explicit_tick(
    carrying: CarryingTower, enter: Enter, watch: Watch
) -> None:
    watch.expect("409")
    page = enter("integration")
    page.goto("/integration")
    page.locator("#failures-table tr", has_text="Refused").get_by_role("link", name="newest").click()
    expect(page.get_by_text("Scheduler has since been told something newer.")).to_be_visible()
    page.get_by_label("Why").fill("they asked for it")
    page.get_by_role("button", name="Resubmit", exact=True).click()
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Send old news").click()  # the browser itself asks for the tick
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()
    page.get_by_label("I have seen what is newer.").check()
    page.get_by_role("button", name="Send old news").click()
    expect(page.get_by_text("sent against newer news")).to_be_visible()


def test_an_edit_shows_its_fault_at_the_field_then_its_difference(
    carrying: CarryingTower, enter: Enter, watch: Watch
) -> None:
    watch.expect("422")
    page = enter("integration")
    page.goto("/failures?way=out")
    page.locator("#failures-table .sub a").first.click()
    page.get_by_role("link", name="Edit and resubmit").click()
    expect(page.get_by_label("Item")).to_be_disabled()
    page.get_by_label("Quantity", exact=True).fill("many")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_label("Quantity", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("is no decimal number")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_label("Quantity", exact=True).fill("125")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator("ins")).to_have_text("125 EA")
    assert accessibility_faults(page) == []


def test_an_interface_is_paused_and_resumed(carrying: CarryingTower, enter: Enter) -> None:
    page = enter("integration")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/interfaces")
    scheduler = page.get_by_role("region", name="Scheduler")
    scheduler.locator("summary").click()
    scheduler.get_by_label("Why").fill("update to 7.2")
    assert accessibility_faults(page) == []
    scheduler.get_by_role("button", name="Pause Scheduler").click()
    expect(page.get_by_text("Scheduler is paused. Its messages are kept.")).to_be_visible()
    expect(scheduler.get_by_text("update to 7.2")).to_be_visible()
    scheduler.get_by_role("button", name="Resume").click()
    expect(scheduler.get_by_text("draining slowly")).to_be_visible()


def test_an_open_form_outlives_the_refresh(carrying: CarryingTower, enter: Enter) -> None:
    page = enter("integration")
    page.goto("/interfaces")
    page.get_by_role("region", name="Scheduler").locator("summary").click()
    reason = page.get_by_role("region", name="Scheduler").get_by_label("Why")
    reason.fill("half a sentence")
    page.get_by_role("heading", level=1).click()
    page.locator("#live").dispatch_event("shown")
    with page.expect_response(lambda response: "/pulse" in response.url):
        pass
    expect(reason).to_have_value("half a sentence")


def pages(page: Page) -> list[str]:
    """Every page of the desk, with what is on it now."""
    page.goto("/failures?way=out")
    group = page.locator("#failures-table a.key").first.get_attribute("href") or ""
    delivery = page.locator("#failures-table .sub a").first.get_attribute("href") or ""
    page.goto("/failures?way=in")
    unreadable = page.locator("#failures-table a.key").first.get_attribute("href") or ""
    return [
        "/integration", "/failures", group, f"{group}?verdict=superseded", unreadable, delivery, f"{delivery}/edit",
        "/interfaces", "/messages", "/runs",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_every_page_meets_wcag_and_fits(
    carrying: CarryingTower, enter: Enter, scheme: str, size: dict[str, int]
) -> None:
    page = enter("integration")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size(size)  # type: ignore[arg-type]
    for path in pages(page):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert (path, accessibility_faults(page)) == (path, [])
        assert (path, too_wide(page)) == (path, False)


def test_the_planner_sees_no_button(carrying: CarryingTower, enter: Enter) -> None:
    page = enter("planner")
    page.goto("/failures?way=out")
    page.locator("#failures-table .sub a").first.click()
    expect(page.get_by_text("Only the integration desk may send it again.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Resubmit|Discard|Send"))).to_have_count(0)
