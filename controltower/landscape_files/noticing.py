"""Calendars, channels and subscriptions as the files declare them: read, checked against the rest, and built."""

from collections.abc import Collection, Iterator

from controltower.domain.calendar import Calendar, no_holidays
from controltower.domain.landscape import OF_PLANT
from controltower.domain.notification import ESCALATED, OPENED, RETRIES, TEAM, Channel, Subscription
from controltower.domain.retry import RetryPolicy
from controltower.landscape_files import notice_key, value
from controltower.landscape_files.declared import Declaration, Declared, only, wanted
from controltower.landscape_files.files import Files
from controltower.landscape_files.fit import known, rule_names
from controltower.landscape_files.notice_key import NO_TLS
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings
from controltower.landscape_files.reading import Row, read_table, taken


def declare_notices(files: Files, declared: Declared, findings: Findings) -> None:
    """Read calendars.toml and notify.toml by their keys."""
    for name, entry in files.tables["calendars"].items():
        row = read_table(entry.place, entry.held, notice_key.CALENDAR, findings)
        declared.calendars[name] = Declaration(entry.place, row)
        if name == OF_PLANT:
            findings.error(entry.place, "bears the name that stands for each plant's own", "Name it anew.")
    only(files, "notify", ("channels",), findings)
    held = files.tables["notify"].get("channels")
    if held is not None:
        for each, given in (taken(held.place, held.held, value.table, findings) or {}).items():
            _channel(each, given, held.place / each, declared, findings)
    for entry in files.lists["notify"].values():
        if wanted(entry, findings):
            row = read_table(entry.place, entry.held, notice_key.NOTIFY, findings)
            declared.subscriptions.append(Declaration(entry.place, row))


def _channel(name: str, given: object, place: Place, declared: Declared, findings: Findings) -> None:
    held = taken(place, given, value.table, findings)
    if held is None:
        return
    kind = held.get("kind")
    if kind not in notice_key.CHANNELS:
        if isinstance(kind, str):
            findings.unknown(place / "kind", "kind of channel", kind, notice_key.CHANNELS)
        else:
            findings.error(place / "kind", "is missing", 'Add kind = "smtp", "webhook" or "file".')
        return
    row = read_table(place, held, notice_key.CHANNELS[kind], findings)
    declared.channels[name] = Declaration(place, row)


def check_notices(declared: Declared, findings: Findings) -> None:
    """Tell calendars, channels, teams, plants, systems and rules that somebody names but nobody declares."""
    for place, name in _calendars_named(declared):
        known(place, "calendar", name, declared.calendars, findings)
    for place, row in declared.channels.values():
        known(place / "team", "team", row["team"], declared.teams, findings)
        if row.get("password") and row.get("tls") == NO_TLS:
            findings.error(
                place / "tls", "would send the password in the clear", 'Write tls = "starttls" or "tls".'
            )
        if row.get("user") and not row.get("password"):
            findings.error(place / "user", "has no password", 'Add password = "env:NAME".')
    for each in declared.subscriptions:
        _check_subscription(each, declared, findings)


def _calendars_named(declared: Declared) -> Iterator[tuple[Place, str]]:
    """Every place that names a calendar; where a plant is concerned, `plant` is its own."""
    for place, row in [*declared.plants.values(), *declared.teams.values(), *declared.subscriptions]:
        yield place / "calendar", row["calendar"]
    by_plant = [*declared.tiers.values(), *((each.place, each.row) for each in declared.expectations)]
    for place, row in by_plant:
        if row["calendar"] != OF_PLANT:
            yield place / "calendar", row["calendar"]


def _check_subscription(each: Declaration, declared: Declared, findings: Findings) -> None:
    place, row = each
    known(place / "channel", "channel", row["channel"], declared.channels, findings)
    named: tuple[tuple[str, Collection[str]], ...] = (
        ("team", declared.teams), ("plant", declared.plants), ("system", declared.systems),
        ("rule", rule_names(declared)),
    )  # fmt: skip
    for name, words in named:
        for word in row[name]:
            known(place / name, name, word, words, findings)
    channel = declared.channels.get(row["channel"])
    if channel is None or channel.row["kind"] == "webhook" or TEAM not in _to(row):
        return
    deaf = [name for name in row["team"] or declared.teams if name in declared.teams]
    deaf = [name for name in deaf if "@" not in declared.teams[name].row["contact"]]
    if deaf:
        findings.warning(
            place / "to", f"writes to teams without a mail address: {', '.join(sorted(deaf))}",
            "Give each a contact in service.toml, or name addresses here.",
        )  # fmt: skip


def calendars_of(declared: Declared) -> dict[str, Calendar]:
    """The calendars by name."""
    return {
        name: Calendar(
            name, row["time_zone"], row["hours"], row["holidays"] or no_holidays, frozenset(row["closed"])
        )
        for name, (_, row) in declared.calendars.items()
    }


def channels_of(declared: Declared) -> dict[str, Channel]:
    """The channels by name."""
    return {name: _built(name, row) for name, (_, row) in declared.channels.items()}


def _built(name: str, row: Row) -> Channel:
    delays = row.get("retry")
    retry = RETRIES if delays is None else RetryPolicy(tuple(each.total_seconds() for each in delays))
    held = {key: _plain(each) for key, each in row.items() if key not in ("kind", "retry", "team")}
    return Channel(name, row["kind"], held, retry, row["team"])


def _plain(held: object) -> object:
    return str(held) if isinstance(held, str) else held


def subscriptions_of(declared: Declared) -> tuple[Subscription, ...]:
    """Who is told what, in the order of the file."""
    return tuple(_subscription(row) for _, row in declared.subscriptions)


def _subscription(row: Row) -> Subscription:
    filters = {
        f"{name}s" if name != "severity" else "severities": frozenset(row[name])
        for name in ("team", "rule", "severity", "plant", "system")
    }
    when = frozenset((OPENED, ESCALATED) if row["when"] is None else row["when"])
    return Subscription(
        row["name"],
        row["channel"],
        _to(row),
        when,
        **filters,
        calendar=row["calendar"],
        digest=row["digest"],
    )


def _to(row: Row) -> tuple[str, ...]:
    return row["to"] or (TEAM,)
