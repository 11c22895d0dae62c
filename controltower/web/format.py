"""How values read on screen: times in the right zone, durations in words, quantities with their unit."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_login import current_user
from markupsafe import Markup

from controltower.domain import cause, failure, vocabulary
from controltower.domain.value import Value, read_time
from controltower.web.scope import current_scope
from controltower.web.tower import now, tower

NOTHING = "–"
ACRONYMS = {role: role.upper() for role in ("erp", "mes", "wms", "aps")}


def register(app: Flask) -> None:
    """Give templates the filters of this file."""
    app.jinja_env.filters.update(
        when=when,
        ago=ago,
        duration=duration,
        quantity=quantity,
        label=label,
        value=value,
        count=count,
        zone=zone_name,
        system=system_title,
        plant=plant_name,
        kind_of=kind_of,
        cause_title=cause_title,
        local_input=local_input,
        seconds_after=seconds_after,
        say=say,
        bytes=size_text,
        team=team_name,
        age=age,
        moment=datetime.fromisoformat,
        unix=unix_time,
        sentence=sentence,
        amount=amount,
        millis=millis,
        precisely=precisely,
        share=share,
        error_title=error_title,
        route_title=route_title,
        titled=titled,
        strikes=strikes,
    )


def zone_for(plant: str | None = None) -> ZoneInfo:
    """The person's own zone if set, else that of the plant (or of the plant on the page), else UTC."""
    own = getattr(current_user, "time_zone", None)
    if own:
        return ZoneInfo(own)
    found = tower().landscape.plants.get(plant or current_scope().plant or "")
    return found.zone if found else ZoneInfo("UTC")


def zone_name(plant: str | None = None) -> str:
    """ "CET", "UTC": what the times beside it mean."""
    return now().astimezone(zone_for(plant)).strftime("%Z")


def when(moment: datetime | None, plant: str | None = None, *, seconds: bool = True) -> Markup | str:
    """A <time> in the plant's zone; hovering tells UTC and how long ago. The script keeps "ago" true."""
    if moment is None:
        return NOTHING
    utc = moment.astimezone(UTC)
    tip = f"{utc:%Y-%m-%d %H:%M:%S} UTC · {ago(moment)}"
    return Markup('<time datetime="{}" title="{}" data-tip>{}</time>').format(
        utc.isoformat(timespec="seconds"), tip, local_text(moment, plant, seconds=seconds)
    )


def local_text(moment: datetime, plant: str | None, *, seconds: bool = True) -> str:
    """ "14:05:09" today, "Mon 2 Mar 14:05" else, with the year when it is another one."""
    zone = zone_for(plant)
    local, today = moment.astimezone(zone), now().astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def ago(moment: datetime | None) -> str:
    """ "12 min ago", "in 3 h", "just now"."""
    if moment is None:
        return "never"
    gap = now() - moment
    if abs(gap) < timedelta(seconds=5):
        return "just now"
    return f"in {duration(-gap)}" if gap < timedelta(0) else f"{duration(gap)} ago"


def age(moment: datetime | None) -> Markup | str:
    """How long ago as a <time> that the script keeps true; the moment itself on hover."""
    if moment is None:
        return "never"
    tip = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), tip, ago(moment)
    )


def duration(length: timedelta | float | None) -> str:
    """ "45 s", "12 min", "2 h 14 min", "3 d 4 h": the two largest units, seconds only below two minutes."""
    if length is None:
        return NOTHING
    total = int(length.total_seconds() if isinstance(length, timedelta) else length)
    if total < 0:
        return f"−{duration(-total)}"
    if total < 120:
        return f"{total} s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def precisely(seconds: float | None) -> str:
    """A latency: "8 ms", "1.4 s", "45 s", "12 min"."""
    if seconds is None:
        return NOTHING
    return millis(seconds * 1000) if abs(seconds) < 10 else duration(seconds)


def share(part: float | None) -> str:
    """A share in per cent, never rounded up to all of it: "99.9 %"."""
    return NOTHING if part is None else f"{math.floor(part * 1000 + 1e-9) / 10:g} %"


def quantity(amount: Any, unit: str | None = None) -> str:
    """A quantity with its unit: "1,200 EA"; takes a decimal or its text."""
    if amount in (None, ""):
        return NOTHING
    return f"{number(amount)} {unit}" if unit else number(amount)


def number(amount: Any) -> str:
    """Digits in groups of three, without trailing zeros; text that is no number stays as it is."""
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        return str(amount)
    if not exact.is_finite():
        return str(amount)
    text = f"{exact:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(amount: int, one: str, many: str | None = None) -> str:
    """ "1 order", "12 orders"."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def amount(number: int) -> str:
    """ "12", "5,000"."""
    return f"{number:,}"


def millis(length: float) -> str:
    """ "8 ms", "1.4 s"."""
    return f"{length:.0f} ms" if length < 1000 else f"{length / 1000:.1f} s"


def error_title(error: str) -> str:
    """The words for a class of failure."""
    return failure.TITLES.get(error, label(error))


def label(name: str) -> str:
    """`due_date` -> "Due date", `order.changed` -> "Order changed"."""
    text = vocabulary.attribute_title(name).replace("-", " ").replace(".", " ")
    return ACRONYMS.get(text, text[:1].upper() + text[1:])


def value(held: Value | None, kind: str = vocabulary.TEXT, plant: str | None = None) -> Markup | str:
    """A believed value as a person reads it; `kind` is the vocabulary's (time, quantity, flag, ...)."""
    if not held or not held.text:  # a template asks for what a dict may not hold
        return NOTHING
    if kind == vocabulary.TIME:
        return when_text(held.text, plant)
    if kind == vocabulary.FLAG:
        return {"true": "yes", "false": "no"}.get(held.text, held.text)
    if kind in (vocabulary.QUANTITY, vocabulary.MONEY):
        return quantity(held.text, held.unit)
    return f"{held.text} {held.unit}" if held.unit else held.text


def when_text(text: str, plant: str | None) -> Markup | str:
    """Text that is a zoned time is shown as a time, any other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return when(moment, plant, seconds=False) if moment.tzinfo else text


def system_title(system: str) -> str:
    """The title of a system; its id when it is not declared any more."""
    found = tower().landscape.systems.get(system)
    return found.title if found else system


def route_title(route: str) -> str:
    """The title of a route; its name when it is not declared any more."""
    found = tower().landscape.routes.get(route)
    return found.title if found else route


def titled(words: str) -> str:
    """A sentence of the ledger, which names systems and routes by their ids, with their titles instead."""
    land = tower().landscape
    titles = {id: each.title for id, each in land.systems.items()}
    titles |= {name: route.title for name, route in land.routes.items()}
    ids = sorted(map(re.escape, titles), key=len, reverse=True)
    if not ids:
        return words
    named = re.compile(rf"(?<![\w/-])({'|'.join(ids)})(?![\w/-])")
    return named.sub(lambda found: titles[found[1]], words)


def plant_name(plant: str) -> str:
    """The name of a plant; its id when it is not declared any more."""
    found = tower().landscape.plants.get(plant)
    return found.name if found else plant


def kind_of(attribute: str, kind: str = "order") -> str:
    """What the values of an attribute are, for the filter `value`."""
    return vocabulary.value_kind(kind, attribute)


def cause_title(name: str) -> str:
    """The words for a cause of drift."""
    return cause.TITLES.get(name, label(name))


def local_input(moment: datetime | None, plant: str | None = None) -> str:
    """A moment as a datetime-local field takes it, in the zone that the page shows."""
    return moment.astimezone(zone_for(plant)).strftime("%Y-%m-%dT%H:%M:%S") if moment else ""


def seconds_after(later: Value, earlier: Value) -> float:
    """Seconds from one time value to another; negative when `later` is in fact earlier."""
    return (read_time(later.text) - read_time(earlier.text)).total_seconds()


TIME_IN_WORDS = re.compile(
    r"(?<![\d:])\d\d:\d\d UTC|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00| UTC)"
)


def say(sentence: str, plant: str | None = None) -> Markup:
    """A sentence of the ledger, which writes times in UTC, with them in the zone of the page."""
    parts: list[Markup | str] = []
    end = 0
    for found in TIME_IN_WORDS.finditer(sentence):
        parts += [sentence[end : found.start()], when(moment_in_words(found.group()), plant, seconds=False)]
        end = found.end()
    return Markup("").join([*parts, sentence[end:]])


def size_text(amount: int) -> str:
    """ "812 B", "12.4 kB", "3.1 MB"."""
    if amount < 1000:
        return f"{amount} B"
    return f"{amount / 1000:.1f} kB" if amount < 1_000_000 else f"{amount / 1_000_000:.1f} MB"


def team_name(team: str) -> str:
    """The name of a team; its id when it is not declared, a dash for none."""
    found = tower().landscape.teams.get(team)
    return found.name if found else team or NOTHING


def strikes(held: Any) -> int:
    """How often something struck, told as a number or as the list of its hits."""
    return len(held) if isinstance(held, (list, tuple)) else int(held or 0)


def moment_in_words(text: str) -> datetime:
    """A time as sentences write it; one without a date is the latest such moment."""
    if len(text) > len("14:05 UTC"):
        return datetime.fromisoformat(text.replace(" UTC", "Z"))
    found = now().replace(hour=int(text[:2]), minute=int(text[3:5]), second=0, microsecond=0)
    return found if found <= now() else found - timedelta(days=1)


def unix_time(seconds: float) -> datetime:
    """Unix seconds as an aware moment."""
    return datetime.fromtimestamp(seconds, UTC)


def sentence(words: str) -> str:
    """Words with a capital letter at their beginning and a full stop at their end."""
    text = words.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
