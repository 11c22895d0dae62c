"""What people read: the words of a notification, of many in one, and of a test."""

import datetime
import html
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from controltower.connectors.letter import Letter
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.notification import ESCALATED, OPENED, REOPENED, RESOLVED, Notification
from controltower.pipeline.promises import plant_of, promises
from controltower.pipeline.tower import Tower
from controltower.store.case import Action

SEVERITIES = {"A": "A, stops production", "B": "B, delays", "C": "C, nuisance"}
HAPPENINGS = {OPENED: "", ESCALATED: "Escalated: ", RESOLVED: "Resolved: ", REOPENED: "Open again: "}
Row = tuple[str, str]


def letter_of(
    tower: Tower,
    id: str,
    told: Sequence[Notification],
    cases: Mapping[str, Case],
    done: Mapping[str, Sequence[Action]],
    at: datetime.datetime,
) -> Letter:
    """One message about one or several exceptions to one recipient; `at` is the real time of writing it."""
    if len(told) > 1:
        return _digest(tower, id, told, cases, at)
    one, case = told[0], cases[told[0].exception]
    rows = rows_of(case, one, done.get(case.id, ()), tower.landscape)
    link, subject = link_to(tower, case), subject_of(one, case)
    content = {"happening": one.happening, "detail": one.detail, "exception": content_of(tower, case)}
    return Letter(
        id, one.recipient, subject, _text(subject, rows, link), _html(subject, rows, link),
        f"exception.{one.happening}", content, at, f"{subject}\n{link}",
    )  # fmt: skip


def subject_of(one: Notification, case: Case) -> str:
    """Severity, what happened, and where."""
    plant = f" ({case.subject.plant})" if case.subject else ""
    return f"[{case.severity}] {HAPPENINGS.get(one.happening, '')}{case.title}{plant}"


def link_to(tower: Tower, case: Case) -> str:
    """Where the exception is shown; below the tower's own address where nobody has said under which it is reached."""
    return f"{tower.address.rstrip('/')}/exceptions/{quote(case.id, safe='')}"


def rows_of(case: Case, one: Notification, done: Sequence[Action], landscape: Landscape) -> list[Row]:
    """What is told of an exception, line by line."""
    zone = landscape.zone_of(plant_of(case, landscape))
    team = landscape.teams.get(case.team)
    terms = promises(case, done, landscape)
    rows = [
        ("Severity", SEVERITIES.get(case.severity, case.severity)),
        ("Since", _time(case.opened_at, zone)),
        ("Escalated to", one.detail if one.happening == ESCALATED else ""),
        ("System", landscape.system(case.system).title if case.system else ""),
        ("Subject", f"{case.subject.kind} {case.subject.key}, {case.subject.plant}" if case.subject else ""),
        ("Team", team.name if team else case.team),
        ("Why", case.why),
    ]
    if case.resolved_at is not None:
        rows += [("Over since", _time(case.resolved_at, zone)), ("Because", case.resolution)]
    else:
        rows += [("What to do", case.action), ("Due", _time(terms.due_at, zone) if terms else "")]
    return [(name, " ".join(words.split())) for name, words in rows if words.strip()]


def _time(moment: datetime.datetime, zone: datetime.tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def content_of(tower: Tower, case: Case) -> dict[str, Any]:
    """An exception as a machine reads it."""
    return {
        "id": case.id, "url": link_to(tower, case), "rule": case.rule, "cause_code": case.cause_code,
        "title": case.title, "state": case.state, "severity": case.severity,
        "plant": plant_of(case, tower.landscape) or None, "subject": str(case.subject) if case.subject else None,
        "system": case.system, "team": case.team, "opened_at": case.opened_at, "resolved_at": case.resolved_at,
        "resolution": case.resolution, "why": case.why, "action": case.action,
    }  # fmt: skip


def _digest(
    tower: Tower, id: str, told: Sequence[Notification], cases: Mapping[str, Case], at: datetime.datetime
) -> Letter:
    """Many in one, the gravest first."""
    listed = sorted(told, key=lambda each: (each.severity, each.created_at))
    many = Counter(each.severity for each in told)
    words = ", ".join(f"{many[severity]} {severity}" for severity in sorted(many))
    subject = f"[{min(many)}] {len(told)} messages about exceptions ({words})"
    lines = [
        (subject_of(each, cases[each.exception]), link_to(tower, cases[each.exception])) for each in listed
    ]
    content = [
        {
            "happening": each.happening,
            "detail": each.detail,
            "exception": content_of(tower, cases[each.exception]),
        }
        for each in listed
    ]
    return Letter(
        id, listed[0].recipient, subject, "\n\n".join("\n".join(line) for line in lines) + "\n",
        _list_html(subject, lines), "exception.digest", {"items": content}, at,
        "\n".join((subject, *(f"{title} {link}" for title, link in lines))),
    )  # fmt: skip


def test_letter(tower: Tower, recipient: str, who: str, at: datetime.datetime) -> Letter:
    """A message that only shows that the channel works."""
    subject = "Test: the control tower can reach you"
    rows = [("Asked for by", who), ("Sent", f"{at:%Y-%m-%d %H:%M:%S} UTC"), ("What to do", "Nothing.")]
    link = f"{tower.address.rstrip('/')}/"
    return Letter(
        secrets.token_hex(12), recipient, subject, _text(subject, rows, link), _html(subject, rows, link), "test",
        {"who": who}, at, f"{subject}\n{link}",
    )  # fmt: skip


def _text(title: str, rows: Sequence[Row], link: str) -> str:
    width = max(len(name) for name, _ in rows) + 2
    lines = [f"{name:<{width}}{words}" for name, words in rows]
    return "\n".join((title, "", *lines, "", link, ""))


def _html(title: str, rows: Sequence[Row], link: str) -> str:
    cells = "".join(
        f'<tr><th align="left" valign="top" style="padding:2px 16px 2px 0;font-weight:600">{html.escape(name)}</th>'
        f'<td style="padding:2px 0">{html.escape(words)}</td></tr>'
        for name, words in rows
    )
    return _page(title, f"<table>{cells}</table><p>{_anchor(link, 'Open it in the control tower')}</p>")


def _list_html(title: str, lines: Sequence[Row]) -> str:
    items = "".join(f'<li style="margin:4px 0">{_anchor(link, words)}</li>' for words, link in lines)
    return _page(title, f"<ul>{items}</ul>")


def _anchor(link: str, words: str) -> str:
    """A link where it leads somewhere; without the tower's address it would not."""
    if not link.startswith(("http://", "https://")):
        return html.escape(f"{words}: {link}")
    return f'<a href="{html.escape(link)}">{html.escape(words)}</a>'


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><body style="font:15px/1.45 system-ui,sans-serif">'
        f'<h1 style="font-size:17px">{html.escape(title)}</h1>{body}</body></html>'
    )
