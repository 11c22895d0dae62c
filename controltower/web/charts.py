"""Plotly figures as plain dictionaries, here and in courses.py alone; the script puts the css colours in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from markupsafe import Markup

from controltower.web import timeline
from controltower.web.format import duration, label, value
from controltower.web.timeline import Entry

Figure = dict[str, Any]
LANE_HEIGHT = 44
SYMBOLS = {
    "created": "circle",
    "changed": "diamond",
    "released": "triangle-right",
    "scheduled": "square",
    "rescheduled": "square",
    "acknowledged": "circle-open",
    "started": "triangle-right",
    "completed": "star",
    "reported": "cross",
    "posted": "cross",
    "rejected": "x",
    "cancelled": "x",
    "snapshot": "circle-open-dot",
}
NOTICEABLE = timedelta(minutes=1)


def json_for_page(figure: Figure) -> Markup:
    """The figure as JSON that is safe inside a <script type="application/json">."""
    text = json.dumps(figure, separators=(",", ":"), default=str)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def swim_lanes(
    entries: Sequence[Entry],
    lanes: Sequence[tuple[str, str]],
    zone: ZoneInfo,
    now: datetime,
    at: datetime | None,
) -> Figure:
    """One lane per system: events as marks, lateness as whiskers, drift and silent gaps as stretches.

    `lanes`: (system id, title) from top to bottom. Times are shown in `zone`. `at` draws the as-of line."""
    titles = dict(lanes)
    own = [each for each in entries if each.system in titles]
    traces = [
        *stretches(own, titles, zone, timeline.APART, "Apart from the owner", "--bad", 9),
        *stretches(own, titles, zone, timeline.GAP, "Expected, did not come", "--bad", 2),
        *joins(own, titles, zone),
        *whiskers(own, titles, zone),
        *marks(own, titles, zone),
        *told(own, titles, zone),
    ]
    lines = [now_line(now, zone, "now", "--control")] + (
        [now_line(at, zone, "as of", "--accent")] if at else []
    )
    return {"data": traces, "layout": lane_layout([title for _, title in lanes], lines)}


def marks(entries: Iterable[Entry], titles: dict[str, str], zone: ZoneInfo) -> list[Figure]:
    events = [each for each in entries if each.recorded]
    agreed = [each for each in entries if each.sort == timeline.AGREED]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Event",
            "x": [local(each.at, zone) for each in events],
            "y": [titles[each.system] for each in events],
            "text": [hover(each) for each in events],
            "customdata": [link_of(each) for each in events],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "size": 10,
                "color": "--accent",
                "symbol": [symbol_of(each) for each in events],
                "line": {"width": 1.5, "color": "--accent"},
            },
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Agrees again",
            "x": [local(each.at, zone) for each in agreed],
            "y": [titles[each.system] for each in agreed],
            "text": [each.title for each in agreed],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"size": 11, "color": "--ok", "symbol": "star-diamond"},
        },
    ]


def told(entries: Iterable[Entry], titles: dict[str, str], zone: ZoneInfo) -> list[Figure]:
    """What the tower told, below its moment; old news, and what it could not tell, in other colours."""
    sorts = (
        (timeline.TOLD, "Told by the tower", "--control"),
        (timeline.FORCED, "Old news told", "--warn"),
        (timeline.UNTOLD, "Not told", "--bad"),
    )
    found = []
    for sort, name, tone in sorts:
        mine = [each for each in entries if each.sort == sort]
        if mine:
            found.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": [local(each.at, zone) for each in mine],
                    "y": [titles[each.system] for each in mine],
                    "text": [f"{hover(each)}<br>{escaped(each.words)}" for each in mine],
                    "hovertemplate": "%{text}<extra></extra>",
                    "marker": {"size": 10, "color": tone, "symbol": "triangle-down-open"},
                }
            )
    return found


def stretches(
    entries: Iterable[Entry],
    titles: dict[str, str],
    zone: ZoneInfo,
    sort: str,
    name: str,
    tone: str,
    width: int,
) -> list[Figure]:
    """Stretches of one sort as lines with gaps between; a silent gap is dashed and ends in a cross."""
    x: list[str | None] = []
    y: list[str | None] = []
    text: list[str] = []
    sizes: list[int] = []
    for each in entries:
        if each.sort == sort and each.until:
            x += [local(each.at, zone), local(each.until, zone), None]
            y += [titles[each.system], titles[each.system], None]
            text += [stretch_words(each)] * 3
            sizes += [10, 0, 0]
    gap = sort == timeline.GAP
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if gap else "lines",
            "name": name,
            "x": x,
            "y": y,
            "text": text,
            "hovertemplate": "%{text}<extra></extra>",
            "opacity": 1 if gap else 0.35,
            "line": {"color": tone, "width": width, "dash": "dot" if gap else "solid"},
            "marker": {
                "symbol": "x-thin-open",
                "size": sizes,
                "color": tone,
                "line": {"width": 2, "color": tone},
            },
        }
    ]


def joins(entries: Iterable[Entry], titles: dict[str, str], zone: ZoneInfo) -> list[Figure]:
    """Thin lines between events of one trace on different lanes: one fact on its way."""
    traces: dict[str, list[Entry]] = {}
    for each in entries:
        if each.recorded and each.recorded.trace:
            traces.setdefault(each.recorded.trace, []).append(each)
    x: list[str | None] = []
    y: list[str | None] = []
    for group in traces.values():
        if len({each.system for each in group}) > 1:
            ordered = sorted(group, key=lambda each: each.at)
            x += [*(local(each.at, zone) for each in ordered), None]
            y += [*(titles[each.system] for each in ordered), None]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Same trace",
            "x": x,
            "y": y,
            "hoverinfo": "skip",
            "line": {"color": "--line-2", "width": 1},
        }
    ]


def whiskers(entries: Iterable[Entry], titles: dict[str, str], zone: ZoneInfo) -> list[Figure]:
    """From when it happened to when the tower learnt of it, where that took more than a minute."""
    x: list[str | None] = []
    y: list[str | None] = []
    for each in entries:
        if each.recorded and abs(each.delay) > NOTICEABLE:
            x += [local(each.at, zone), local(each.recorded.learnt_at, zone), None]
            y += [titles[each.system], titles[each.system], None]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Until learnt",
            "x": x,
            "y": y,
            "hoverinfo": "skip",
            "line": {"color": "--warn", "width": 2},
        }
    ]


def lane_layout(titles: Sequence[str], lines: Sequence[Figure]) -> Figure:
    return {
        "height": 118 + LANE_HEIGHT * len(titles),
        "margin": {"l": 8, "r": 20, "t": 26, "b": 78},
        "xaxis": {"type": "date", "automargin": True},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": list(reversed(titles)),
            "automargin": True,
            "fixedrange": True,
            "range": [-0.6, len(titles) - 0.4],
        },
        "shapes": [line["shape"] for line in lines],
        "annotations": [line["note"] for line in lines],
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "hovermode": "closest",
        "dragmode": "pan",
    }


def now_line(at: datetime, zone: ZoneInfo, words: str, tone: str) -> Figure:
    place = local(at, zone)
    return {
        "shape": {
            "type": "line",
            "x0": place,
            "x1": place,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": tone, "width": 1, "dash": "dash"},
        },
        "note": {
            "x": place,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "text": words,
            "showarrow": False,
            "font": {"color": tone, "size": 11},
        },
    }


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Plotly draws wall-clock text; it is given the plant's own."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def symbol_of(entry: Entry) -> str:
    return SYMBOLS.get(entry.recorded.event.type.partition(".")[2] if entry.recorded else "", "circle")


def link_of(entry: Entry) -> str:
    return url_for("messages.show", id=entry.recorded.position.message) if entry.recorded else ""


def hover(entry: Entry) -> str:
    """What a mark says: what happened, what it changed, how late we learnt of it. Text only, no markup of theirs."""
    lines = [f"<b>{escaped(entry.title)}</b>" + (f" · operation {escaped(entry.part)}" if entry.part else "")]
    for change in [each for each in entry.changes if each.moved][:6]:
        lines.append(f"{label(change.attribute)}: {escaped(plain(value(change.value, change.kind)))}")
    if abs(entry.delay) > NOTICEABLE:
        lines.append(f"learnt {duration(entry.delay)} later")
    return "<br>".join(lines)


def stretch_words(entry: Entry) -> str:
    length = duration(entry.until - entry.at) if entry.until else ""
    return f"<b>{escaped(entry.title)}</b><br>{length}" + (
        f"<br>{escaped(entry.words)}" if entry.words else ""
    )


def plain(shown: Markup | str) -> str:
    return shown.striptags() if isinstance(shown, Markup) else shown


def escaped(text: str) -> str:
    """Plotly reads a little HTML in texts; a system's words must not become markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
