"""Every key of the configuration: its type, its default and its meaning, as docs/configuration.md tells them."""

import datetime
from typing import Any, NamedTuple

from controltower import connectors
from controltower.connectors.signature import SCHEMES
from controltower.domain.failure import CODES
from controltower.domain.flow_check import CHECKS
from controltower.domain.landscape import Hooks, Limits, Polling, System, Tier
from controltower.domain.retry import Sending
from controltower.domain.route import EVERY, LATEST, Route
from controltower.domain.vocabulary import KINDS, ROLES
from controltower.landscape_files import value
from controltower.landscape_files.value import Reader, one_of
from controltower.landscape_files.window import window

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


def _maintenance(meaning: str) -> Key:
    return Key("maintenance", "list of windows", value.each(window), meaning, fallback=())


_TITLE = Key("title", "text", value.text, "what people read", required=True)
_TEAM = Key("team", "team", value.text, "who is asked to act", fallback="")
_OFF = Key(
    "off",
    "true or false",
    value.yes_or_no,
    "it is not wanted, though an extended configuration has it",
    fallback=False,
)

PLANT = (
    Key("name", "text", value.text, "what people read", required=True),
    Key("time_zone", "time zone", value.zone, "in which its days and shifts begin", required=True),
    Key("calendar", "calendar", value.text, "when it works; round the clock without one", fallback=""),
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
    Key("heartbeat", "duration", value.duration, "so often it says that it is alive, where it does"),
    Key(
        "canary",
        "duration",
        value.duration,
        "so often the tower sends it a canary that it sends back, where it does",
    ),
    Key("hooks", "table", value.table, "how its webhooks come in; without it they are refused"),
    Key("poll", "table", value.table, "how it is polled; without it, it is not"),
    Key("send", "table", value.table, "how the tower sends to it; without it, it does not"),
    _maintenance(
        "when it is away by plan, week by week in its own time zone: nothing is sent, and what follows alarms nobody"
    ),
    Key("reconcile", "table", value.table, "when what it holds is compared with what is believed of it"),
    Key("probe", "table", value.table, "how often it is asked how it is, and what it must say"),
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
SEND = (
    Key(
        "rate", "number", value.number, "requests a second, 0 for as many as it takes", fallback=Sending.rate
    ),
    Key("in_flight", "whole number", value.count, "requests at once", fallback=Sending.in_flight),
    _duration("timeout", "real time to wait for an answer", datetime.timedelta(seconds=Sending.timeout)),
    Key(
        "open_after",
        "whole number",
        value.count,
        "so many failures in a row open the circuit: nothing is sent any more",
        fallback=Sending.open_after,
    ),
    _duration(
        "rest",
        "real time that an open circuit rests before one message tries it",
        datetime.timedelta(seconds=Sending.rest),
    ),
    Key(
        "budget",
        "number",
        value.number,
        "retries that each first attempt earns, so that retries never flood it",
        fallback=Sending.budget,
    ),
    Key(
        "drain",
        "number",
        value.number_above_zero,
        "requests a second after a pause, doubled every ten seconds for two minutes",
        fallback=Sending.drain,
    ),
    _maintenance("when nothing is sent, week by week in its own time zone"),
    Key(
        "says",
        "table",
        value.patterns(CODES),
        "class of failure = pattern: what its words mean where its status says but that it refuses",
        fallback={},
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
# What shows it, where it is known already who does.
MARK = (
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
SIGN = (Key("role", "role", ROLE, "who shows it", required=True), *MARK)
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
    Key(
        "calendar",
        "calendar",
        value.text,
        "in whose working time `within` counts; `plant` is that of the plant concerned",
        fallback="",
    ),
)
FLOW = (
    Key("name", "text", value.text, "its short name, once in the files", required=True),
    _TITLE,
    Key("kind", "subject kind", KIND, "what goes through it", fallback="order"),
    Key("begins", "list of signs", value.tables, "any of them begins it", required=True),
    Key("cancelled", "list of signs", value.tables, "any of them ends it before its end", fallback=()),
    Key("within", "duration", value.duration, "the promise for the whole of it"),
    Key("steps", "list of tables", value.tables, "in the order in which they are passed", required=True),
)
STEP = (
    Key("name", "text", value.text, "its short name, once in the flow", required=True),
    _TITLE,
    Key("shown", "list of signs", value.tables, "any of them shows it done", fallback=()),
    Key("check", "check", one_of("check", CHECKS), "done when what the owner says passes it", fallback=""),
    Key("needs", "list of attributes", value.texts, "what the check asks for", fallback=()),
    Key("route", "route", value.text, "done when the target has applied what it carries", fallback=""),
    Key("resend", "route", value.text, "sent again when a person retries it", fallback=""),
    Key("after", "list of steps", value.texts, "what it waits for; the step before it where it is missing"),
    Key("when", "list of signs", value.tables, "needed only once one of them was seen", fallback=()),
    Key("optional", "true or false", value.yes_or_no, "nobody waits for it", fallback=False),
    Key("within", "duration", value.duration, "how soon after what it waits for"),
    Key("expectation", "expectation", value.text, "already watches it, so nobody is told twice", fallback=""),
    _TEAM,
    Key(
        "severity",
        "A, B or C",
        one_of("severity", SEVERITIES),
        "A stops production, B delays, C is a nuisance",
        fallback="B",
    ),
    Key("action", "text", value.text, "who should do what when it is late", fallback=""),
    Key("wrong", "table", value.table, "what makes it go wrong, and what is asked of whom then"),
)
WRONG = (
    Key("signs", "list of signs", value.tables, "any of them, as long as it lasts", fallback=()),
    Key("title", "text", value.text, "what people read", fallback=""),
    Key("team", "team", value.text, "who is asked to act; the step's where none is named", fallback=""),
    Key(
        "severity", "A, B or C", one_of("severity", SEVERITIES), "the step's where none is named", fallback=""
    ),
    Key("action", "text", value.text, "who should do what", fallback=""),
)
INTERFACE = (
    Key("from", "system", value.text, "whose facts are carried", required=True),
    Key("to", "system", value.text, "who is told", required=True),
    Key("carries", "list of subject kinds", value.each(KIND), "what about", required=True),
    _TEAM,
    _OFF,
)
ROUTE = (
    _TITLE,
    Key("from", "role", ROLE, "whose facts are carried", required=True),
    Key("to", "role", ROLE, "who is told, at the same plant", required=True),
    Key("kind", "subject kind", KIND, "what about", fallback="order"),
    Key("when", "list of signs", value.tables, "what `from` shows; each makes a message", required=True),
    Key(
        "take",
        "list of attributes",
        value.texts,
        "what is carried: the owner's present values, those of `from` where nobody owns one",
        required=True,
    ),
    Key(
        "needs",
        "list of attributes",
        value.texts,
        "of `take`: without them nothing is sent, and an exception says so",
        fallback=(),
    ),
    Key("fixed", "table", value.table, "attribute = text that is always sent", fallback={}),
    Key(
        "keep",
        "latest or every",
        one_of("way to keep", (LATEST, EVERY)),
        "whether a newer message makes an older one that is stuck needless",
        fallback=Route.keep,
    ),
    Key(
        "waits_behind_dead",
        "true or false",
        value.yes_or_no,
        "whether later messages about a subject wait behind one that a person must decide",
        fallback=Route.waits_behind_dead,
    ),
    Key("tier", "tier", value.text, "how it is retried, and how soon its exceptions are due", fallback=""),
    Key(
        "team",
        "team",
        value.text,
        "who is asked when it fails; else the team of the system told",
        fallback="",
    ),
    Key(
        "locked",
        "list of attributes",
        value.texts,
        "of `take`: nobody may edit them in a resubmission; a status never may be",
        fallback=(),
    ),
    _duration("deliver_within", "how soon the target must have taken it", Route.deliver_within),
    Key(
        "apply_within",
        "duration",
        value.duration,
        "how soon after that the target must show it; never looked at where it is missing",
    ),
    Key(
        "applied", "sign", value.table, "what `to` shows then; its own values of what was carried without it"
    ),
    Key(
        "on_demand",
        "true or false",
        value.yes_or_no,
        "nothing is sent by itself: the way exists for a person's resync, beside an interface of the systems' own",
        fallback=Route.on_demand,
    ),
    _OFF,
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
    _duration(
        "interrupted_after",
        "a system that has taken nothing for so long (circuit open) is an exception",
        Limits.interrupted_after,
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
    Key(
        "calendar",
        "calendar",
        value.text,
        "outside of it nothing but severity A is told the team",
        fallback="",
    ),
)
TIER = (
    Key("acknowledge_within", "duration", value.duration, "how soon somebody must take it up", required=True),
    Key("resolve_within", "duration", value.duration, "how soon it must be over", required=True),
    Key(
        "escalate_to",
        "team or list of teams",
        value.one_or_more,
        "who hears of it when one of them has passed; of a list the next one after each further promise",
        fallback=(),
    ),
    Key(
        "retry",
        "list of durations",
        value.each(value.duration),
        "the longest wait before each further attempt; ten from 5 s to 24 h without it, none with []",
    ),
    Key(
        "severity",
        "A, B or C",
        one_of("severity", SEVERITIES),
        "of the exceptions about what goes out under it",
        fallback=Tier.severity,
    ),
    Key(
        "calendar",
        "calendar",
        value.text,
        "in whose working time the two count; `plant` is that of the plant concerned",
        fallback="",
    ),
)
