"""Views and moments made by hand, for rules about values."""

import datetime
from collections.abc import Mapping

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Landscape, Limits
from controltower.domain.standing import Standing
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value
from controltower.domain.view import View
from controltower.rules.check import Check
from controltower.rules.sighting import Moment, Sighting
from tests.factories import MINUTE, MORNING, system

ROLES = ("erp", "aps", "mes", "wms", "procurement", "shopfloor", "workforce")
PLANTS = ("LYON", "GRAZ")
LANDSCAPE = Landscape(systems={role: system(role, role, plants=PLANTS) for role in ROLES})


def belief(attribute: str, who: str, value: str, unit: str = "", minute: int = 0) -> Belief:
    """What a system said of an attribute so many minutes into the morning."""
    at = MORNING + minute * MINUTE
    return Belief(attribute, who, Value(value, unit), at, None, at, Position(minute + 1, 0), at)


def view(root: str, held: Mapping[str, list[Belief]], landscape: Landscape = LANDSCAPE) -> View:
    """The view of a root with what is held of each subject."""
    made = View(parse_subject(root), landscape)
    for subject, beliefs in held.items():
        for each in beliefs:
            made.take(parse_subject(subject), each)
    return made


def found(check: Check, made: View) -> list[Found]:
    """What a check finds with its usual figures."""
    return list(check.found(made, check.figures_of(Limits())))


def words(sighting: Sighting, subject: str, attributes: Mapping[str, str], *before: Belief) -> list[str]:
    """What a sighting says of one event, after these beliefs."""
    about: Subject = parse_subject(subject)
    who = before[0].system if before else "erp"
    told = {name: Value(text) for name, text in attributes.items()}
    at = MORNING + datetime.timedelta(hours=1)
    event = Event(f"{about.kind}.changed", about, who, "one", at, "", told)
    standing = Standing(about, {(each.attribute, each.system): each for each in before})
    moment = Moment(Recorded(event, Position(99, 0), at), None, standing, LANDSCAPE)
    return [signal.words for signal in sighting.seen(moment)]
