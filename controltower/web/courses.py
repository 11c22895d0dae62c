"""How figures went over time, as charts: latencies on a scale of durations, queues as lines, failures as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from controltower.web.charts import Figure, escaped, local
from controltower.web.format import amount, precisely

# Told apart by hue and by mark; mid tones, readable on light and on dark ground.
TONES = ("#2f7ed8", "#c2700f", "#12946f", "#b4459e", "#7c6ad9", "#7d8590", "#b3453a", "#3f8f9b")
MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
# Where the scale of durations has its ticks, in seconds.
TICKS = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 21600, 86400, 604800)
HEIGHT = 260
# A bar of an hour, with a gap to the next.
BAR_MILLISECONDS = 3_240_000


class Line(NamedTuple):
    """One line or one sort of bar: its points by the beginning of their stretch, and what a click opens."""

    title: str
    points: Mapping[datetime, float]
    url: str = ""


def durations(lines: Sequence[Line], zone: ZoneInfo) -> Figure:
    """Lines of seconds on a logarithmic scale."""
    traces = [line_of(each, n, zone, precisely) for n, each in enumerate(lines)]
    axis = {
        "type": "log",
        "tickvals": TICKS,
        "ticktext": [precisely(each) for each in TICKS],
        "automargin": True,
    }
    return {"data": traces, "layout": layout(axis)}


def numbers(lines: Sequence[Line], zone: ZoneInfo) -> Figure:
    """Lines of counts that hold until the next point."""
    traces = [line_of(each, n, zone, counted) for n, each in enumerate(lines)]
    for trace in traces:
        trace["line"]["shape"] = "hv"
        trace["mode"] = "lines"
    return {"data": traces, "layout": layout({"rangemode": "tozero", "automargin": True})}


def stacks(bars: Sequence[Line], zone: ZoneInfo, period: tuple[datetime, datetime]) -> Figure:
    """Counts of hours on top of each other, over the whole of a period."""
    traces = [
        {
            "type": "bar", "name": escaped(each.title), "x": [local(at, zone) for at in each.points],
            "y": list(each.points.values()), "customdata": [each.url] * len(each.points),
            "marker": {"color": TONES[n % len(TONES)]}, "width": BAR_MILLISECONDS, "offset": 0,
            "hovertemplate": f"%{{x}}<br>%{{y}} failed<extra>{escaped(each.title)}</extra>",
        }
        for n, each in enumerate(bars)
    ]  # fmt: skip
    made = layout({"rangemode": "tozero", "automargin": True})
    made["xaxis"]["range"] = [local(each, zone) for each in period]
    return {"data": traces, "layout": {**made, "barmode": "stack"}}


def line_of(each: Line, n: int, zone: ZoneInfo, words: Any) -> Figure:
    tone = TONES[n % len(TONES)]
    return {
        "type": "scatter", "mode": "lines+markers", "name": escaped(each.title),
        "x": [local(at, zone) for at in each.points], "y": list(each.points.values()),
        "text": [words(value) for value in each.points.values()], "customdata": [each.url] * len(each.points),
        "hovertemplate": f"%{{x}}<br>%{{text}}<extra>{escaped(each.title)}</extra>",
        "line": {"color": tone, "width": 2}, "marker": {"color": tone, "symbol": MARKS[n % len(MARKS)], "size": 6},
    }  # fmt: skip


def layout(y: Figure) -> Figure:
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 16, "t": 10, "b": 8},
        "xaxis": {"type": "date", "automargin": True},
        "yaxis": {**y, "fixedrange": True},
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "showlegend": True,
        "hovermode": "closest",
        "dragmode": "pan",
    }


def counted(value: float) -> str:
    return amount(int(value))
