"""Traces: what of a header is believed, and that our own ids lead back to what they name."""

import pytest

from controltower.domain.trace import (
    carried,
    delivery_span,
    is_trace,
    message_of,
    message_span,
    trace_for,
    trace_of,
    traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_good_header_is_taken_up() -> None:
    assert carried(f"00-{TRACE}-{SPAN}-01") == (TRACE, SPAN)
    assert carried(f"cc-{TRACE}-{SPAN}-01-what-a-later-version-adds") == (TRACE, SPAN)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
    ],
)
def test_a_broken_header_begins_a_new_trace(header: str) -> None:
    assert carried(header) == ("", "")
    trace, parent = trace_of(header)
    assert is_trace(trace)
    assert trace != TRACE
    assert parent == ""


def test_a_trace_that_began_here_leads_back_to_its_message() -> None:
    trace = trace_for(55710898387807745)
    assert is_trace(trace)
    assert message_of(trace) == 55710898387807745
    assert trace != trace_for(55710898387807745)


def test_what_goes_out_names_the_trace_and_a_span_that_stays_the_same() -> None:
    header = traceparent(TRACE, delivery_span(7))
    assert carried(header) == (TRACE, delivery_span(7))
    assert header == traceparent(TRACE, delivery_span(7))
    assert len({delivery_span(7), delivery_span(8), message_span(7), message_span(8)}) == 4
    assert carried(traceparent(TRACE))[0] == TRACE
