"""Takes the pictures of the README and the docs: `python -m tests.browser.screenshots --out docs/images`."""

from __future__ import annotations

import argparse
import contextlib
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.live import LiveTower

DESK, PHONE = (1440, 900), (390, 844)
PATIENCE = 180_000  # milliseconds; the first drift is there after about one minute
A_LITTLE = 60_000
LARGEST = 250_000  # bytes of one picture
BELOW_THE_BAR = "part => { part.style.scrollMarginTop = '80px'; part.scrollIntoView({block: 'start'}) }"
HEAD = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, the page, and how it is looked at.

    `{order}` is the order of the first drift; `{group}` a failure group of dead letters, `{delivery}` its newest."""

    name: str
    path: str
    scheme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = DESK
    from_element: str = ""  # scroll until this is at the top


# Those of the whole network come last: by then more of it has gone wrong.
PICTURES = (
    Picture("order", "{order}"),
    Picture("order-timeline", "{order}", from_element="section[aria-labelledby=lanes-title]"),
    Picture("order-dark", "{order}", scheme="dark"),
    Picture("order-phone", "{order}", size=PHONE),
    Picture("systems", "/systems"),
    Picture("messages", "/messages"),
    Picture("drift", "/drift"),
    Picture("exceptions", "/exceptions"),
    Picture("demo", "/demo"),
    Picture("demo-truth", "/demo", from_element="section.truth"),
    Picture("integration", "/integration"),
    Picture("network", "/integration", from_element="section.network"),
    Picture("failure-group", "{group}"),
    Picture("delivery", "{delivery}"),
    Picture("interfaces", "/interfaces"),
)
REFUSING = "System refuses messages"


def main(words: list[str] | None = None) -> int:
    """Start a demo of its own, wait for its first drift, take every picture. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="the folder for the pictures")
    asked = parser.parse_args(words)
    chromium = find_chromium()
    if chromium is None:
        sys.stderr.write("no Chromium found: install chromium, or set CHROMIUM to its path\n")
        return 1
    asked.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tower-pictures-") as state,
        LiveTower(Path(state)) as tower,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        sizes = dict(taken(browser, tower.url, asked.out))
        browser.close()
    return _tell(sizes)


def taken(browser: Browser, url: str, out: Path) -> Iterator[tuple[Path, int]]:
    """Take every picture; yields each file with its size in bytes."""
    cookies = _signed_in(browser, url)
    _let_one_refuse(_page(browser, url, cookies, PICTURES[0]))
    places = {"order": _first_drift(_page(browser, url, cookies, PICTURES[0]))}
    for picture in PICTURES:
        page = _page(browser, url, cookies, picture)
        if "{group}" in picture.path:
            places |= _dead_letters(page)
        page.goto(picture.path.format(**places))
        _settle(page, picture)
        file = out / f"{picture.name}.png"
        file.write_bytes(smaller(page.screenshot(animations="disabled", caret="hide")))
        page.context.close()
        yield file, file.stat().st_size


def _signed_in(browser: Browser, url: str) -> list[dict[str, object]]:
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(LiveTower.password("admin"))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda address: "/login" not in address)
    cookies = [dict(cookie) for cookie in context.cookies()]
    context.close()
    return cookies


def _page(browser: Browser, url: str, cookies: list[dict[str, object]], picture: Picture) -> Page:
    width, height = picture.size
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=picture.scheme, locale="en-GB",
        timezone_id="Europe/Paris", reduced_motion="reduce",
    )  # fmt: skip
    context.add_cookies(cookies)  # type: ignore[arg-type]
    return context.new_page()


def _first_drift(page: Page) -> str:
    """Wait until the drift board lists a due date that differs; the address of its order."""
    page.goto("/drift")
    row = page.locator("#drift-table tbody tr", has_text="Due date").first
    row.wait_for(timeout=PATIENCE)
    address = row.locator("a.key").get_attribute("href") or ""
    page.context.close()
    return address


def _let_one_refuse(page: Page) -> None:
    """Let a system refuse what it is sent, so that there are dead letters to be shown."""
    page.goto("/demo")
    page.get_by_role("region", name=REFUSING).get_by_role("button", name="Switch on").click()
    page.get_by_text("is on.").wait_for()
    page.context.close()


def _dead_letters(page: Page) -> dict[str, str]:
    """The addresses of a failure group and of its newest delivery, once there are some."""
    page.goto("/failures?way=out&sort=-number")
    row = page.locator("#failures-table tbody tr").first
    row.wait_for(timeout=PATIENCE)
    links = {"group": row.locator("a.key"), "delivery": row.get_by_role("link", name="newest")}
    return {name: link.get_attribute("href") or "" for name, link in links.items()}


def _settle(page: Page, picture: Picture) -> None:
    page.get_by_role("heading", level=1).wait_for()
    if "{group}" in picture.path:
        page.get_by_role("button", name="Resubmit").wait_for()
    if "{order}" in picture.path:
        page.locator("#lanes .main-svg").first.wait_for()
    if picture.name == "drift":
        _await_company(page)
    if picture.from_element:
        page.locator(picture.from_element).evaluate(BELOW_THE_BAR)
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")


def _await_company(page: Page) -> None:
    """A board with one row looks like a broken one: wait a little for the second, and do without if need be."""
    with contextlib.suppress(TimeoutError):
        page.locator("#drift-table tbody tr").nth(1).wait_for(timeout=A_LITTLE)
    page.reload()


def smaller(png: bytes) -> bytes:
    """The same picture with its pixels packed as tightly as zlib can; nothing is lost."""
    chunks = list(_chunks(png))
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    packed = zlib.compress(pixels, 9)
    kept = [chunk for chunk in chunks if chunk[0] in (b"IHDR", b"PLTE", b"tRNS", b"sRGB")]
    told = [*kept, (b"IDAT", packed), (b"IEND", b"")]
    return min(png, HEAD + b"".join(_chunk(kind, body) for kind, body in told), key=len)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(HEAD)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _tell(sizes: dict[Path, int]) -> int:
    for file, size in sizes.items():
        sys.stdout.write(f"{file}  {size / 1000:.0f} kB\n")
    too_large = [str(file) for file, size in sizes.items() if size > LARGEST]
    if too_large:
        sys.stderr.write(f"larger than {LARGEST / 1000:.0f} kB: {', '.join(too_large)}\n")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
