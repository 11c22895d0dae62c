"""Calendars, channels and subscriptions: each mistake is told with place and cure, and what is right is built."""

import datetime
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from controltower.landscape_files import ERROR, WARNING, load
from tests.landscape_files.declared import ENVIRONMENT, MINUTE, WHOLE, add, swap, told, written

SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALENDARS = """
[two-shifts]
time_zone = "Europe/Paris"
hours = { mon = ["06:00-14:00", "14:00-22:00"], fri = ["22:00-06:00"] }
holidays = "FR-57"
closed = ["2026-12-24", 2026-12-31]
"""
NOTIFY = """
[channels.mail]
kind = "smtp"
host = "mail.plant.example"
from = "Tower <tower@plant.example>"
user = "tower"
password = "env:MAIL_PASSWORD"
retry = ["5 s", "1 min"]
team = "it"

[channels.chat]
kind = "webhook"
url = "env:CHAT_URL"
secret = "env:CHAT_SECRET"

[channels.files]
kind = "file"

[[notify]]
name = "all"
channel = "mail"
to = ["team", "Duty <duty@plant.example>"]
when = ["opened", "resolved"]
team = "it"
rule = ["duplicate-delivery", "known"]
severity = ["A", "B"]
plant = "LYON"
system = "mes"
calendar = "two-shifts"
digest = "30 min"

[[notify]]
name = "chat"
channel = "chat"
"""
TELLING = {
    **WHOLE,
    "calendars.toml": CALENDARS,
    "notify.toml": NOTIFY,
    "plants.toml": WHOLE["plants.toml"] + 'calendar = "two-shifts"\n',
    "expectations.toml": WHOLE["expectations.toml"] + 'calendar = "plant"\n',
    "service.toml": WHOLE["service.toml"].replace('name = "IT"', 'name = "IT"\ncontact = "it@plant.example"')
    + 'calendar = "plant"\n',
}
GIVEN = {
    **ENVIRONMENT, "MAIL_PASSWORD": "hush-hush", "CHAT_URL": "https://chat.example/hush", "CHAT_SECRET": SIGNING,
}  # fmt: skip

C, N = "calendars.toml", "notify.toml"
MISTAKES = {
    "unknown day": (C, swap("mon =", "monday ="), "two-shifts.hours", "unknown day", "'mon'"),
    "no hours": (C, swap("06:00-14:00", "06-14"), "two-shifts.hours", "working hours", '"06:00-22:00"'),
    "no such time": (C, swap("14:00-22:00", "14:00-25:00"), "two-shifts.hours", "no day has", "06:00-22:00"),
    "no length": (C, swap("06:00-14:00", "06:00-06:00"), "two-shifts.hours", "no length", "06:00-22:00"),
    "never open": (
        C,
        swap('{ mon = ["06:00-14:00", "14:00-22:00"], fri = ["22:00-06:00"] }', "{}"),
        "two-shifts.hours",
        "never open",
        "working hours",
    ),
    "unknown country": (C, swap("FR-57", "XX"), "two-shifts.holidays", "unknown country", "ISO 3166"),
    "unknown part": (C, swap("FR-57", "FR-99"), "two-shifts.holidays", "no part of FR", "Known"),
    "no day": (C, swap("2026-12-24", "24.12."), "two-shifts.closed", "names no day", "2026-12-24"),
    "reserved name": (C, swap("[two-shifts]", "[plant]"), "plant", "stands for", "anew"),
    "unknown calendar of a plant": (
        "plants.toml", swap("two-shifts", "three-shifts"), "LYON.calendar", "unknown calendar", "'two-shifts'",
    ),
    "unknown calendar of a tier": (
        "service.toml", swap('"plant"', '"plants"'), "tiers.gold.calendar", "unknown calendar", "Known",
    ),
    "unknown calendar of an expectation": (
        "expectations.toml", swap('"plant"', '"plants"'), "expectation[1].calendar", "unknown calendar", "Known",
    ),
    "unknown kind of channel": (N, swap('"smtp"', '"smpt"'), "channels.mail.kind", "unknown kind", "'smtp'"),
    "no kind": (N, swap('kind = "file"', ""), "channels.files.kind", "is missing", "webhook"),
    "no mail address": (
        N, swap("Tower <tower@plant.example>", "Tower"), "channels.mail.from", "mail address", "Name <name@",
    ),
    "no recipient": (N, swap("duty@plant.example", "duty"), "notify[1].to", "mail address", "Name <name@"),
    "password in the file": (
        N, swap('"env:MAIL_PASSWORD"', '"hush"'), "channels.mail.password", "secret written", "env:NAME",
    ),
    "password in the clear": (
        N, swap('user = "tower"', 'user = "tower"\ntls = "none"'), "channels.mail.tls", "in the clear", "starttls",
    ),
    "user without password": (
        N, swap('password = "env:MAIL_PASSWORD"\n', ""), "channels.mail.user", "no password", "env:NAME",
    ),
    "no signing secret": (
        N, swap("env:CHAT_SECRET", "env:MAIL_PASSWORD"), "channels.chat.secret", "no signing secret", "whsec_",
    ),
    "no web address": (
        N, swap("env:CHAT_URL", "chat.example"), "channels.chat.url", "must be a web address", "https://",
    ),
    "folder outside": (
        N, swap('kind = "file"', 'kind = "file"\nfolder = "../x"'), "channels.files.folder", "below", "mail",
    ),
    "unknown channel": (N, swap('channel = "mail"', 'channel = "mali"'), "notify[1].channel", "channel", "'mail'"),
    "unknown happening": (N, swap('"resolved"', '"solved"'), "notify[1].when", "happening", "'resolved'"),
    "unknown rule": (N, swap('"known"', '"knwon"'), "notify[1].rule", "unknown rule", "'known'"),
    "unknown severity": (N, swap('"A", "B"', '"A", "D"'), "notify[1].severity", "severity", "Known"),
    "unknown system": (N, swap('system = "mes"', 'system = "mess"'), "notify[1].system", "system", "'mes'"),
    "unknown team": (N, swap('"1 min"]\nteam = "it"', '"1 min"]\nteam = "ti"'), "channels.mail.team", "team", "it"),
    "one bracket": (N, lambda text: text.partition("[[")[0] + "[notify]\n", "notify", "list", "[[notify]]"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_place_and_cure(tmp_path: Path, mistake: str) -> None:
    file, change, place, what, cure = MISTAKES[mistake]
    errors = [each for each in told(tmp_path, file, change, GIVEN, TELLING) if each.severity == ERROR]
    assert [each for each in errors if each.place == place and what in each.what and cure in each.cure], (
        errors
    )
    assert all("hush" not in str(each) and SIGNING not in str(each) for each in errors)


def test_a_team_that_no_mail_reaches_is_a_warning(tmp_path: Path) -> None:
    change: Callable[[str], str] = swap('contact = "it@plant.example"', 'contact = "phone 12"')
    (warning,) = told(tmp_path, "service.toml", change, GIVEN, TELLING)
    assert (warning.severity, warning.place) == (WARNING, "notify[1].to")
    assert "without a mail address: it" in warning.what


def test_a_subscription_of_an_extended_configuration_is_switched_off(tmp_path: Path) -> None:
    written(tmp_path / "base", TELLING)
    own = {
        "service.toml": 'extends = "../base"\n',
        N: '[[notify]]\nname = "chat"\nchannel = "chat"\noff = true\n',
    }
    held = load(written(tmp_path / "own", own), GIVEN)
    assert [each.name for each in held.subscriptions] == ["all"]


def test_what_is_declared_is_built(tmp_path: Path) -> None:
    held = load(written(tmp_path, TELLING), GIVEN)
    calendar = held.calendar("plant", "LYON")
    assert calendar is held.calendars["two-shifts"]
    assert calendar.hours[0] == ((360, 840), (840, 1320))
    paris = ZoneInfo("Europe/Paris")
    assert not calendar.is_open(datetime.datetime(2026, 4, 3, 23, tzinfo=paris))  # Good Friday in the Moselle
    assert not calendar.is_open(datetime.datetime(2026, 12, 31, 7, tzinfo=paris))
    assert held.tiers["gold"].escalate_to == ("it",)
    mail = held.channels["mail"]
    assert (mail.kind, mail.settings["port"], mail.retry.delays, mail.team) == (
        "smtp",
        587,
        (5.0, 60.0),
        "it",
    )
    first, second = held.subscriptions
    assert (first.to, first.digest) == (("team", "Duty <duty@plant.example>"), 30 * MINUTE)
    assert second.to == ("team",)
    assert held.calendar("", "LYON").always_open


def test_several_teams_are_escalated_to(tmp_path: Path) -> None:
    change = swap('escalate_to = "it"', 'escalate_to = ["it", "it"]')
    assert told(tmp_path, "service.toml", change, GIVEN, TELLING) == []
    assert told(tmp_path, "service.toml", add("\n[teams.ot]\nname = 'OT'\n"), GIVEN, TELLING) == []
