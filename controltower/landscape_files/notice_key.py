"""The keys of working calendars, and of who is told what over which channel."""

from collections.abc import Mapping

from controltower.domain.notification import ESCALATED, OPENED, WHENS
from controltower.landscape_files import value, working_hours
from controltower.landscape_files.channel_value import (
    address,
    addresses,
    folder,
    port,
    secret,
    signing_secret,
    web_address,
)
from controltower.landscape_files.key import SEVERITIES, Key
from controltower.landscape_files.value import one_of

STARTTLS, TLS, NO_TLS = TLS_WAYS = ("starttls", "tls", "none")

CALENDAR = (
    Key("time_zone", "time zone", value.zone, "of its hours", required=True),
    Key(
        "hours",
        "table",
        working_hours.hours,
        "weekday (mon, tue, wed, thu, fri, sat, sun) = list of working hours; a day that is not named is closed",
        required=True,
    ),
    Key(
        "holidays",
        "country",
        working_hours.public_holidays,
        "whose public holidays are closed, by its ISO code, such as `FR`, or of a part of it: `FR-57`",
    ),
    Key("closed", "list of days", working_hours.days, "the site's own closed days", fallback=()),
)
_RETRY = Key(
    "retry",
    "list of durations",
    value.each(value.duration),
    "real time: the longest wait before each further attempt; seven from 5 s to 3 h without it",
)
_TEAM = Key("team", "team", value.text, "who is asked when it fails, and told what has no team", fallback="")
_KIND = Key("kind", "kind of channel", value.text, "`smtp`, `webhook` or `file`", required=True)
_FROM = Key("from", "mail address", address, "who writes", fallback="Control Tower <control-tower@localhost>")
CHANNELS: Mapping[str, tuple[Key, ...]] = {
    "smtp": (
        _KIND,
        Key("host", "text", value.text, "the mail server", required=True),
        Key("port", "whole number", port, "where it listens", fallback=587),
        Key("from", "mail address", address, "who writes", required=True),
        Key(
            "tls",
            "starttls, tls or none",
            one_of("way to encrypt", TLS_WAYS),
            "how the way to it is encrypted; without encryption no password is sent",
            fallback=STARTTLS,
        ),
        Key("user", "text", value.text, "who logs in; nobody without it", fallback=""),
        Key("password", "secret", secret, "from the environment", fallback=""),
        _RETRY,
        _TEAM,
    ),
    "webhook": (
        _KIND,
        Key("url", "address", web_address, "where it is posted to", required=True),
        Key(
            "secret",
            "secret",
            signing_secret,
            "signs each one (Standard Webhooks: `whsec_...`)",
            required=True,
        ),
        _RETRY,
        _TEAM,
    ),
    "file": (
        _KIND,
        Key("folder", "text", folder, "below the state directory: a `.eml` file for each", fallback="mail"),
        _FROM,
        _TEAM,
    ),
}
NOTIFY = (
    Key("name", "text", value.text, "its short name, once in the files", required=True),
    Key("channel", "channel", value.text, "over which", required=True),
    Key(
        "to",
        "list of mail addresses",
        addresses,
        "who; `team`, or nobody named, is the contact of the team that is asked to act; a webhook needs none",
    ),
    Key(
        "when",
        "list",
        value.each(one_of("happening", WHENS)),
        f"of {', '.join(WHENS)}; {OPENED} and {ESCALATED} without it",
    ),
    Key("team", "list of teams", value.one_or_more, "only of these; of any without it", fallback=()),
    Key("rule", "list of rules", value.one_or_more, "only of these", fallback=()),
    Key(
        "severity",
        "list of A, B, C",
        lambda given: tuple(map(one_of("severity", SEVERITIES), value.one_or_more(given))),
        "only of these",
        fallback=(),
    ),
    Key("plant", "list of plants", value.one_or_more, "only at these", fallback=()),
    Key("system", "list of systems", value.one_or_more, "only of these", fallback=()),
    Key("calendar", "calendar", value.text, "outside of it all but severity A waits", fallback=""),
    Key("digest", "duration", value.duration, "so long is gathered into one message; severity A is not"),
    Key(
        "off",
        "true or false",
        value.yes_or_no,
        "it is not wanted, though an extended configuration has it",
        fallback=False,
    ),
)
