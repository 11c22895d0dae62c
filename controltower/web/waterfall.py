"""A trace as a waterfall: each span a line of a table, with a bar on one scale of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from flask import current_app, url_for

from controltower.domain.delivery import Delivery
from controltower.domain.subject import Subject
from controltower.domain.waterfall import APPLY, DELIVER, READ_BACK, RECEIVE, RECORD, SEND, WAIT, Span, spans
from controltower.web import trails
from controltower.web.format import duration, label, system_title
from controltower.web.tower import now, reading

WIDTH = 1000  # of the bars' own scale
NARROWEST = 6.0
SQUEEZED = 0.04  # of the width: what is left of a stretch in which nothing happened
NOTICEABLE = 0.08
STATES = {"ok": "good", "bad": "failed", "warn": "unsure", "wait": "goes on", "idle": "ended otherwise"}
ICONS = {
    RECEIVE: "in", RECORD: "tower", DELIVER: "message", WAIT: "clock", SEND: "out", READ_BACK: "search",
    APPLY: "ok",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One span as the page shows it. `left` and `width` are on a scale of a thousand."""

    span: Span
    title: str
    icon: str
    words: str
    link: str
    after: str
    length: str
    left: float
    width: float
    turns: bool  # it belongs to another trace than what it hangs below


@dataclass(frozen=True)
class Waterfall:
    """The lines of a trace; `gaps`: where the scale was cut because nothing happened; `others`: subjects left out;
    `causes`: deliveries of other traces that it answers."""

    trace: str
    began: datetime
    ended: datetime
    lines: Sequence[Line]
    gaps: Sequence[tuple[float, str]]
    others: Sequence[Subject]
    cut: bool
    causes: Sequence[Delivery]


class Scale:
    """From moments to places: even, but long stretches in which nothing happened are squeezed."""

    def __init__(self, stretches: Sequence[tuple[datetime, datetime]]) -> None:
        self.stops: list[tuple[datetime, float]] = []
        self.gaps: list[tuple[float, str]] = []
        busy = merged(stretches)
        alive = sum((end - start for start, end in busy), timedelta()) or timedelta(seconds=1)
        idle = [later[0] - earlier[1] for earlier, later in pairwise(busy)]
        least = alive * NOTICEABLE
        whole = alive + sum((gap for gap in idle if gap <= least), timedelta())
        shrunk = sum(gap > least for gap in idle)
        per_second = WIDTH * max(0.3, 1 - SQUEEZED * shrunk) / whole.total_seconds()
        squeezed = (WIDTH - per_second * whole.total_seconds()) / shrunk if shrunk else 0.0
        at = 0.0
        for number, (start, end) in enumerate(busy):
            self.stops.append((start, at))
            at += per_second * (end - start).total_seconds()
            self.stops.append((end, at))
            if number < len(idle):
                at = self._over(at, idle[number], per_second, squeezed if idle[number] > least else None)

    def _over(self, at: float, gap: timedelta, per_second: float, squeezed: float | None) -> float:
        if squeezed is None:
            return at + per_second * gap.total_seconds()
        self.gaps.append((at + squeezed / 2, f"{duration(gap)} without anything"))
        return at + squeezed

    def place(self, moment: datetime) -> float:
        """Where a moment stands, 0..1000."""
        for (earlier, left), (later, right) in pairwise(self.stops):
            if moment <= later:
                part = (moment - earlier) / (later - earlier) if later > earlier else 0.0
                return left + max(0.0, part) * (right - left)
        return self.stops[-1][1]


def merged(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Stretches that touch or overlap made one, in order."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def of_trace(trace: str, subject: Subject | None = None, message: int | None = None) -> Waterfall | None:
    """The waterfall of a trace, about one subject (or order) where it is named; None where nothing of it is known.

    `message`: one that is known to belong to it."""
    found = trails.gather(reading(), trace, about=subject, message=message)
    if found is None:
        return None
    shown = spans(found.trail)
    began = min(each.start for each in shown)
    until = {each.id: each.end or now() for each in shown}
    scale = Scale([(each.start, max(each.start, until[each.id])) for each in shown])
    traces = {each.id: each.trace for each in shown}
    lines = [
        line_of(each, scale, began, until[each.id], each.trace != traces.get(each.parent, trace))
        for each in shown
    ]
    others = [] if subject else list(found.subjects[found.told :])
    return Waterfall(
        trace, began, max(until.values()), lines, scale.gaps, others, found.trail.cut, found.causes
    )


def line_of(span: Span, scale: Scale, began: datetime, until: datetime, turns: bool) -> Line:
    left = min(scale.place(span.start), WIDTH - NARROWEST)
    width = max(NARROWEST, scale.place(max(span.start, until)) - left)
    length = "" if span.kind == RECORD else time_text(max(timedelta(), until - span.start))
    return Line(
        span, title_of(span), ICONS[span.kind], words_of(span), link_of(span), after_text(span.start - began),
        f"{length} so far" if span.end is None else length, round(left, 1), round(min(width, WIDTH - left), 1), turns,
    )  # fmt: skip


def title_of(span: Span) -> str:
    """What a span is called on the page."""
    system = system_title(span.system)
    titles = {
        RECEIVE: f"Message from {system}",
        RECORD: f"{label(span.type)} {span.subject.key if span.subject else ''}",
        DELIVER: f"To {system}: {label(span.type)} {span.subject.key if span.subject else ''}",
        WAIT: f"Waits {span.words}",
        SEND: f"Attempt {span.attempt}",
        READ_BACK: f"Attempt {span.attempt}, read back",
        APPLY: f"Until {system} shows it" if span.end is None else f"{system} shows it",
    }
    return titles[span.kind]


def words_of(span: Span) -> str:
    """What else is to be said about it."""
    carried = ", ".join(label(name) for name in span.attributes[:6])
    more = f" and {len(span.attributes) - 6} more" if len(span.attributes) > 6 else ""
    words = {
        RECORD: carried + more,
        DELIVER: f"{span.words}: {carried}{more}" if carried else span.words,
        WAIT: "",
    }.get(span.kind, span.words)
    wire = (
        ""
        if span.milliseconds is None
        else f"{time_text(timedelta(milliseconds=span.milliseconds))} on the wire"
    )
    return "; ".join(part for part in (words[:200], wire) if part)


def link_of(span: Span) -> str:
    """The page that tells more."""
    if span.kind in (RECEIVE, APPLY) and span.message is not None:
        return url_for("messages.show", id=span.message)
    if span.kind == DELIVER and "deliveries.show" in current_app.view_functions:
        return url_for("deliveries.show", id=span.delivery)
    return ""


def after_text(gap: timedelta) -> str:
    """ "12 ms", "1.4 s", "45 s", and from a minute on "6:03" or "1:08:15"."""
    if gap < timedelta(minutes=1):
        return time_text(gap)
    minutes, seconds = divmod(int(gap.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def time_text(length: timedelta) -> str:
    """ "12 ms", "1.4 s", "45 s", "12 min"."""
    seconds = length.total_seconds()
    if 0 <= seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if 0 <= seconds < 10 else duration(length)
