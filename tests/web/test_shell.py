"""The frame around the pages: what a browser may load, what it keeps, and what a fragment costs."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.web import assets, hx, sheet
from controltower.web.charts import json_for_page
from controltower.web.masking import MASK, lines, masked

PAGES = ["/drift", "/drift?state=settling", "/drift?state=closed", "/drift?group=cause", "/orders", "/orders/LYON/MO-1",
         "/orders/LYON/MO-1?at=2026-03-02T07:05:00%2B01:00", "/messages", "/systems", "/systems/erp", "/exceptions",
         "/exceptions?state=resolved", "/search?q=nothing"]  # fmt: skip
ASSET = re.compile(r'(?:src|href)="(/assets/[^"]+)"')


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_but_their_own_assets(planner: FlaskClient, path: str) -> None:
    answer = planner.get(path)
    assert answer.status_code == 200
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)
    assert " style=" not in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", answer.text)
    for url in set(ASSET.findall(answer.text)):
        with planner.get(url) as asset:
            assert asset.status_code == 200


def test_the_content_policy_allows_no_inline_code(planner: FlaskClient) -> None:
    policy = planner.get("/drift").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    nonces = {
        re.search(r"nonce-([^']+)", planner.get("/drift").headers["Content-Security-Policy"]) for _ in "ab"
    }
    assert len({found.group(1) for found in nonces if found}) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ],
)
def test_pages_carry_the_safe_headers(planner: FlaskClient, name: str, value: str) -> None:
    assert planner.get("/orders").headers[name] == value


def test_assets_are_kept_for_ever_and_compressed(planner: FlaskClient) -> None:
    url = next(each for each in ASSET.findall(planner.get("/drift").text) if each.endswith(".css"))
    with planner.get(url) as plain, planner.get(url, headers={"Accept-Encoding": "gzip"}) as small:
        assert "immutable" in plain.headers["Cache-Control"]
        assert small.headers["Content-Encoding"] == "gzip"
        assert len(small.data) < len(plain.data) / 2
    assert planner.get("/assets/tower.000000000000.css").status_code == 404


def test_only_pages_that_draw_load_plotly(planner: FlaskClient) -> None:
    assert "/assets/plotly" not in planner.get("/drift").text
    assert "/assets/plotly" in planner.get("/orders/LYON/MO-1").text


def test_vendor_files_come_from_their_wheels() -> None:
    assert all(assets.vendor_path(name).is_file() for name in assets.VENDOR)


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(assets.VENDOR, "gone", ("no_such_package", "gone.js"))
    with pytest.raises(assets.AssetMissing, match="no_such_package"):
        assets.vendor_path("gone")


HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    "path", ["/drift", "/orders", "/orders/LYON/MO-1", "/messages", "/systems", "/exceptions", "/pulse"]
)
def test_a_fragment_that_has_not_changed_costs_no_body(planner: FlaskClient, path: str) -> None:
    first = planner.get(path, headers=HTMX)
    assert first.status_code == 200
    assert "<html" not in first.text
    again = planner.get(path, headers={**HTMX, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "HX-Request" in again.headers["Vary"] or "HX-Request" in first.headers["Vary"]


def test_the_tag_of_a_fragment_differs_by_its_filters(planner: FlaskClient) -> None:
    one, other = (
        planner.get(path, headers=HTMX).headers["ETag"] for path in ("/drift", "/drift?cause=rejected")
    )
    assert one != other


def test_history_and_boosted_requests_get_whole_pages(planner: FlaskClient) -> None:
    restored = planner.get("/drift", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.text
    assert "<html" in planner.get("/drift", headers={**HTMX, "HX-Boosted": "true"}).text


def test_a_fragment_asked_for_without_a_session_leads_to_the_login(page_app: Flask) -> None:
    answer = page_app.test_client().get("/drift", headers=HTMX)
    assert answer.headers["HX-Redirect"].startswith("/login")


def test_unknown_swaps_are_refused(page_app: Flask) -> None:
    with page_app.test_request_context(), pytest.raises(ValueError, match="sideways"):
        hx.reswap(page_app.make_response(""), "sideways")
    with page_app.test_request_context():
        assert hx.reswap(page_app.make_response(""), "beforebegin swap:1s").headers["HX-Reswap"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/orders/LYON/MO-404", "/messages/404", "/systems/none", "/exceptions/none"]
)
def test_what_is_not_there_is_said_in_words(planner: FlaskClient, path: str) -> None:
    answer = planner.get(path)
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


def test_a_fault_shows_a_reference_and_no_trace(
    planner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controltower.web.orders.page_of_orders", lambda prefix, after: 1 / 0)
    answer = planner.get("/orders")
    assert answer.status_code == 500
    assert "Reference" in answer.text
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_in_the_first_byte(planner: FlaskClient, theme: str) -> None:
    planner.set_cookie("theme", theme)
    assert f'data-theme="{theme}"' in planner.get("/drift").text


def test_the_light_tells_that_nobody_records(planner: FlaskClient) -> None:
    assert "Not recording" in planner.get("/pulse").text


def test_secrets_are_masked_wherever_they_stand() -> None:
    held = {
        "api_key": "k",
        "deep": [{"Password": "p", "note": "Bearer abcdef123"}],
        "url": "https://u:pw@host/x",
    }
    text = str(masked(held))
    assert text.count(MASK) == 4
    assert not re.search(r"'k'|'p'|abcdef|pw@", text)


def test_the_faulty_place_of_a_payload_is_marked() -> None:
    shown, cut = lines(
        b'{"data": {"quantity": "twelve"}}', [{"pointer": "/data/quantity", "message": "no number"}]
    )
    assert not cut
    assert [line.text.strip() for line in shown if line.fault == "no number"] == ['"quantity": "twelve"']


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<xml/>", b"[]", b'"text"', b"9" * 50, b"[" * 90 + b"]" * 90, b"[" * 9000]
)
def test_any_payload_can_be_shown(body: bytes) -> None:
    shown, _ = lines(body)
    assert all(isinstance(line.text, str) for line in shown)


def test_charts_cannot_break_out_of_their_element() -> None:
    assert "</script" not in json_for_page({"data": [{"text": "</script><b>&"}]})


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_cells_never_become_formulas(text: str) -> None:
    assert sheet.cell(text) == f"'{text}"


def test_a_person_chooses_the_zone_of_all_times(planner: FlaskClient) -> None:
    assert "Thu 12 Mar 18:00" in planner.get("/drift").text
    answer = planner.post("/me/zone", data={"zone": "UTC", "back": "/drift?plant=LYON"})
    assert answer.location == "/drift?plant=LYON"
    assert "Thu 12 Mar 17:00" in planner.get("/drift").text
    assert planner.post("/me/zone", data={"zone": "Mars/Base"}).status_code == 400
    assert planner.post("/me/zone", data={"zone": "", "back": "//evil.example"}).location.startswith("/drift")
    assert "Thu 12 Mar 18:00" in planner.get("/drift").text
