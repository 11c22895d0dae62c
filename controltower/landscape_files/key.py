"""Every key of the configuration: its type, its default and its meaning, as docs/configuration.md tells them."""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower import connectors
from controltower.connectors.signature import SCHEMES
from controltower.domain.landscape import Hooks, Limits, Polling, System
from controltower.domain.vocabulary import KINDS, ROLES
from controltower.landscape_files import value
from controltower.landscape_files.value import Reader, one_of

ROLE, KIND = one_of("role", ROLES), one_of("subject kind", KINDS)
SEVERITIES = frozenset("ABC")


class Key(NamedTuple):
    """One key of a table. `type` is the documentation's word, `fallback` what holds where it is missing."""

    name: str
    type: str
    read: Reader
    meaning: str
    required: bool = False
    fallback: Any = None


def _duration(name: str, meaning: str, fallback: datetime.timedelta) -> Key:
    return Key(name, "duration", value.duration, meaning, fallback=fallback)


_TITLE = Key("title", "text", value.text, "what people read", required=True)
_TEAM = Key("team", "team", value.text, "who is asked to act", fallback="")

PLANT = (
    Key("name", "text", value.text, "what people read", required=True),
    Key("time_zone", "time zone", value.zone, "in which its days and shifts begin", required=True),
)
SYSTEM = (
    _TITLE,
    Key("role", "role", ROLE, "what it is in the plant", required=True),
    Key(
        "plants", "list of plants", value.texts, 'which plants it serves; ["*"] is all of them', required=True
    ),
    Key(
        "connector", "connector", one_of("connector", connectors.names()), "the product it is", required=True
    ),
    Key(
        "time_zone",
        "time zone",
        value.zone,
        "of its times without a zone; that of its plant where it serves one",
    ),
    Key("team", "team", value.text, "who is asked when it fails", fallback=""),
    Key("tier", "tier", value.text, "how soon its exceptions are due", fallback=""),
    _duration("silent_after", "without a word from it for so long, it counts as silent", System.silent_after),
    Key("hooks", "table", value.table, "how its webhooks come in; without it they are refused"),
    Key("poll", "table", value.table, "how it is polled; without it, it is not"),
    Key("settings", "table", value.table, "its connector's own fields", fallback={}),
)
HOOKS = (
    Key(
        "scheme",
        "signature scheme",
        one_of("signature scheme", SCHEMES),
        "how it signs",
        fallback=Hooks.scheme,
    ),
    Key(
        "secrets",
        "list of secrets",
        value.texts,
        "all are accepted, so that one can be rotated",
        required=True,
    ),
    Key(
        "rate", "whole number", value.whole_number, "requests a minute, 0 for any number", fallback=Hooks.rate
    ),
    Key("largest", "size", value.size, "the largest body that is taken", fallback=Hooks.largest),
)
POLL = (
    _duration("every", "real time between two polls", datetime.timedelta(seconds=Polling.every)),
    Key(
        "jitter",
        "duration",
        value.duration_or_none,
        "up to so much is added by chance, so that polls spread out",
        fallback=datetime.timedelta(seconds=Polling.jitter),
    ),
    Key(
        "overlap",
        "duration",
        value.duration_or_none,
        "so much before the last stamp is read again, for what was committed late",
        fallback=Polling.overlap,
    ),
    Key(
        "resources", "list of texts", value.texts, "which of its lists; all where none is named", fallback=()
    ),
)
OWNERSHIP = (
    Key("owner", "role", ROLE, "whose word counts", required=True),
    Key("follow", "table", value.table, "role = how soon it must agree", required=True),
)
FOLLOWER = (
    Key("within", "duration", value.duration, "how soon it must agree", required=True),
    Key("tolerance", "tolerance", value.tolerance, "how far apart the two may lie", fallback=""),
)
SIGN = (
    Key("role", "role", ROLE, "who shows it", required=True),
    Key("type", "event type", value.text, "an event of this type is the sign", fallback=""),
    Key("attribute", "attribute", value.text, "a new value of this attribute is the sign", fallback=""),
    Key(
        "becomes",
        "list of texts",
        value.texts,
        "only these values; any new one where none is named",
        fallback=(),
    ),
)
EXPECTATION = (
    Key("name", "text", value.text, "its short name, once in the files", required=True),
    _TITLE,
    Key("kind", "subject kind", KIND, "what it is about", fallback="order"),
    Key("when", "sign", value.table, "what begins the waiting", required=True),
    Key("then", "sign", value.table, "what must follow", required=True),
    Key("within", "duration", value.duration, "how soon", required=True),
    Key("unless", "list of signs", value.tables, "each makes the waiting needless", fallback=()),
    _TEAM,
    Key(
        "severity",
        "A, B or C",
        one_of("severity", SEVERITIES),
        "A stops production, B delays, C is a nuisance",
        fallback="B",
    ),
    Key("action", "text", value.text, "who should do what when it is missed", fallback=""),
)
FLOW = (
    Key("name", "text", value.text, "its short name, once in the files", required=True),
    _TITLE,
    Key("milestones", "list of tables", value.tables, "in the order in which they are passed", required=True),
)
MILESTONE = (
    Key("name", "text", value.text, "its short name, once in the flow", required=True),
    _TITLE,
    *SIGN,
)
INTERFACE = (
    Key("from", "system", value.text, "whose facts are carried", required=True),
    Key("to", "system", value.text, "who is told", required=True),
    Key("carries", "list of subject kinds", value.each(KIND), "what about", required=True),
    _TEAM,
)
LIMITS = (
    _duration("clock_ahead", "a source's clock may run ahead by so much", Limits.clock_ahead),
    _duration("late_after", "a fact that comes so long after it happened counts as late", Limits.late_after),
    _duration("gap_after", "a skipped sequence number must come within", Limits.gap_after),
    _duration(
        "quiet_after", "what was odd is over when it has not been seen for so long", Limits.quiet_after
    ),
    _duration(
        "announce_within", "what a poll brought must also come by webhook within", Limits.announce_within
    ),
    Key(
        "off",
        "list of rules",
        value.texts,
        "rules and expectations that this site does not want",
        fallback=(),
    ),
)
TEAM = (
    Key("name", "text", value.text, "what people read", required=True),
    Key("contact", "text", value.text, "how one reaches it", fallback=""),
)
TIER = (
    Key("acknowledge_within", "duration", value.duration, "how soon somebody must take it up", required=True),
    Key("resolve_within", "duration", value.duration, "how soon it must be over", required=True),
    Key("escalate_to", "team", value.text, "who hears of it when one of them has passed", fallback=""),
)

# The tables as the documentation names them.
TABLES: Mapping[str, tuple[Key, ...]] = {
    "plants.toml: [PLANT]": PLANT,
    "systems.toml: [system]": SYSTEM,
    "systems.toml: [system.hooks]": HOOKS,
    "systems.toml: [system.poll]": POLL,
    "ownership.toml: [kind.attribute]": OWNERSHIP,
    "ownership.toml: a follower": FOLLOWER,
    "expectations.toml: [[expectation]]": EXPECTATION,
    "expectations.toml: a sign": SIGN,
    "expectations.toml: [[flow]]": FLOW,
    "expectations.toml: a milestone": MILESTONE,
    "interfaces.toml: [[interface]]": INTERFACE,
    "rules.toml: [limits]": LIMITS,
    "service.toml: [teams.team]": TEAM,
    "service.toml: [tiers.tier]": TIER,
}
