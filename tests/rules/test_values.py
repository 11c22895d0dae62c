"""Range and unit rules: each finds its own case and is quiet beside it."""

import pytest

from controltower.domain.belief import Belief
from controltower.domain.mismatch import between
from controltower.domain.value import Value
from controltower.rules.checks.over_confirmation import CHECK as OVER
from controltower.rules.checks.promise_later import CHECK as PROMISE
from controltower.rules.checks.receipt_differs import CHECK as RECEIPT
from controltower.rules.checks.unreported_scrap import CHECK as SCRAP
from controltower.rules.sightings.counter_reset import SIGHTING as COUNTER
from controltower.rules.sightings.encoding import SIGHTING as ENCODING
from controltower.rules.sightings.encoding import damage_in
from tests.rules.values import belief, found, view, words

Held = dict[str, list[Belief]]
ORDER, PURCHASE = "LYON/order/MO-1", "LYON/purchase/PO-1/1"
TEN, TWENTY = "LYON/operation/MO-1/10", "LYON/operation/MO-1/20"


def counted(good: str, unit: str = "EA") -> Held:
    return {ORDER: [belief("quantity", "erp", "80", "EA"), belief("quantity_good", "mes", good, unit)]}


def test_more_made_than_ordered() -> None:
    [one] = found(OVER, view(ORDER, counted("100")))
    assert one.system == "mes"
    assert "100" in one.why
    assert len(one.evidence) == 2


@pytest.mark.parametrize(("good", "unit"), [("80", "EA"), ("88", "EA"), ("0", "EA"), ("960", "DZ")])
def test_as_much_as_was_ordered_or_a_little_more(good: str, unit: str) -> None:
    assert found(OVER, view(ORDER, counted(good, unit))) == []


def handed(good: str, scrap: str, status: str = "completed", changed: int = 0) -> Held:
    first = [belief("status", "mes", "completed"), belief("quantity_good", "mes", "80", "EA", 5)]
    second = [
        belief("status", "mes", status),
        belief("quantity_good", "mes", good, "EA", 9),
        belief("quantity_scrap", "mes", scrap, "EA", 9),
    ]
    return {ORDER: [belief("quantity", "erp", "80", "EA", changed)], TEN: first, TWENTY: second}


def test_pieces_that_nobody_accounts_for() -> None:
    [one] = found(SCRAP, view(ORDER, handed("73", "0")))
    assert one.subject.key == "MO-1/20"
    assert "7 more" in one.why


@pytest.mark.parametrize(
    "told", [("77", "3"), ("80", "0"), ("40", "0", "running"), ("60", "0", "completed", 7)]
)
def test_scrap_that_was_reported_or_an_order_that_was_changed(told: tuple[str, str]) -> None:
    assert found(SCRAP, view(ORDER, handed(*told))) == []


def bought(promised: str, status: str = "confirmed", came: str = "0") -> Held:
    said = {"need_date": "2026-03-04T12:00:00Z", "promised_date": promised, "status": status}
    beliefs = [belief(name, "procurement", text) for name, text in said.items()]
    counts = {"quantity": "1200", "quantity_received": came}
    return {PURCHASE: beliefs + [belief(name, "procurement", text, "EA") for name, text in counts.items()]}


def test_a_promise_that_is_too_late() -> None:
    [one] = found(PROMISE, view(PURCHASE, bought("2026-03-06T12:00:00Z")))
    assert "48 h after it is needed" in one.why


@pytest.mark.parametrize(
    ("promised", "status"), [("2026-03-04T09:00:00Z", "confirmed"), ("2026-03-06T12:00:00Z", "received")]
)
def test_a_promise_in_time_or_one_that_was_kept_meanwhile(promised: str, status: str) -> None:
    assert found(PROMISE, view(PURCHASE, bought(promised, status))) == []


def test_a_receipt_of_less_than_was_ordered() -> None:
    [one] = found(RECEIPT, view(PURCHASE, bought("2026-03-04T09:00:00Z", "received", "1140")))
    assert one.why == "1140 EA of PO-1/1 were received, 1200 were ordered."


@pytest.mark.parametrize(
    ("status", "came"), [("received", "1200"), ("partly_received", "600"), ("sent", "0")]
)
def test_a_receipt_in_full_or_in_part(status: str, came: str) -> None:
    assert found(RECEIPT, view(PURCHASE, bought("2026-03-04T09:00:00Z", status, came))) == []


def test_a_counter_that_falls_and_one_that_goes_on() -> None:
    before = belief("count", "shopfloor", "480")
    assert words(COUNTER, "LYON/resource/CUT-1", {"count": "0"}, before) == [
        "the count of CUT-1 fell from 480 to 0"
    ]
    assert words(COUNTER, "LYON/resource/CUT-1", {"count": "512"}, before) == []


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("MÃ¼ller & SÃ¶hne", True),
        ("M\ufffdller", True),
        ("\ufeffMO-1", True),
        ("a\x07b", True),
        ("Müller & Söhne", False),
    ],
)
def test_damaged_characters(text: str, damaged: bool) -> None:
    assert bool(damage_in(text)) == damaged
    assert bool(words(ENCODING, ORDER, {"customer": text})) == damaged


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [
        (Value("80", "EA"), Value("6.667", "DZ"), "unit-mismatch"),
        (Value("960", "EA"), Value("80", "EA"), "unit-mismatch"),
        (Value("80", "EA"), Value("80000", "EA"), "decimal-error"),
        (Value("79.996", "EA"), Value("80", "EA"), "rounding"),
        (Value("80", "EA"), Value("81", "EA"), ""),
        (Value("80", "EA"), Value("0", "EA"), ""),
        (Value("80", "EA"), Value("110", "EA"), ""),
    ],
)
def test_why_two_quantities_differ(ours: Value, theirs: Value, code: str) -> None:
    told = between(ours, theirs)
    assert (told.code if told else "") == code
