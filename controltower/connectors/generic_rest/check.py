"""What is wrong with a mapping file, in plain words: the place in the file, and what to write instead."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from controltower.connectors.generic_rest import spec
from controltower.connectors.generic_rest.attribute import Attribute
from controltower.connectors.generic_rest.check_send import send_problems
from controltower.connectors.generic_rest.expression import Expression, plain_path
from controltower.connectors.generic_rest.times import time_reader, time_writer
from controltower.domain import vocabulary


def validate(mapping: Any) -> list[str]:
    """What is wrong with a mapping, a line each: the place in the file, and what to write instead."""
    if not isinstance(mapping, dict):
        return ["mapping: name a file of the mappings directory; there is none"]
    tables, problems = spec.read(mapping)
    if not mapping.get("resources") and "hook" not in mapping and not mapping.get("send"):
        problems.append("mapping: give at least one [resources.<name>] to poll, a [hook], or a [send.<kind>]")
    for name, record in tables.records.items():
        problems += [f"records.{name}.{problem}" for problem in _record_problems(record)]
    for name, resource in tables.resources.items():
        problems += [
            f"resources.{name}.{problem}" for problem in _resource_problems(resource, tables.records)
        ]
    if tables.hook is not None:
        problems += [f"hook.{problem}" for problem in _hook_problems(tables.hook, tables.records)]
    return problems + send_problems(mapping)


def _record_problems(record: spec.Record) -> list[str]:
    if record.kind not in vocabulary.KINDS:
        return [f"kind: {record.kind!r} is none of {', '.join(sorted(vocabulary.KINDS))}"]
    needed = {"plant": record.plant, "key": record.key, "occurred_at.from": record.occurred_at.from_}
    optional = {"sequence": record.sequence, "correlation": record.correlation}
    refs = {f"refs.{name}": text for name, text in record.refs.items()}
    problems = _expression_problems({**needed, **refs})
    problems += _expression_problems({place: text for place, text in optional.items() if text})
    occurred_at = record.occurred_at
    problems += _tried("occurred_at", lambda: time_reader(occurred_at.format, _zone_named(occurred_at)))
    if record.type:
        problems += _type_problems("type", record.type, record.kind)
    for name, field in record.attributes.items():
        problems += _attribute_problems(record.kind, name, field)
    return problems


def _attribute_problems(kind: str, name: str, field: spec.Field) -> list[str]:
    place = f"attributes.{name}"
    if name not in vocabulary.ATTRIBUTES[kind]:
        known = ", ".join(vocabulary.ATTRIBUTES[kind])
        return [f"{place}: {kind} has no such attribute; it has {known}"]
    problems = _tried(place, lambda: Attribute(kind, name, field, _zone_named(field)))
    value_kind = vocabulary.value_kind(kind, name)
    if value_kind == vocabulary.QUANTITY and not (field.unit or field.unit_from):
        problems.append(f'{place}: a quantity needs unit = "EA" or unit_from = "<expression>"')
    if value_kind == vocabulary.MONEY and not (field.currency or field.currency_from):
        problems.append(f'{place}: money needs currency = "EUR" or currency_from = "<expression>"')
    if value_kind == vocabulary.STATUS:
        wrong = sorted(set(field.map.values()) - vocabulary.STATUSES.get(kind, set(field.map.values())))
        listed = ", ".join(sorted(vocabulary.STATUSES.get(kind, ())))
        problems += [f"{place}.map: {status!r} is no status of {kind}; use {listed}" for status in wrong]
    return problems


def _resource_problems(resource: spec.Resource, records: Mapping[str, spec.Record]) -> list[str]:
    problems = _record_named("record", resource.record, records)
    record = records.get(resource.record)
    if record is not None and not record.type:
        problems.append(f'record: records.{resource.record} needs a type, such as "order.snapshot"')
    if not resource.path.startswith("/"):
        problems.append("path: must begin with /")
    problems += _tried("records", lambda: plain_path(resource.records))
    if resource.native_id:
        problems += _expression_problems({"native_id": resource.native_id})
    if resource.watermark and resource.complete:
        problems.append(
            "complete: a list filtered by a watermark does not hold everything; leave one of them out"
        )
    return problems + _paging_problems(resource.paging) + _watermark_problems(resource.watermark)


def _paging_problems(paging: spec.Paging) -> list[str]:
    problems = []
    if paging.style in ("page", "offset", "cursor") and not paging.parameter:
        problems.append("paging.parameter: name the query parameter that asks for the next page")
    if paging.style in ("cursor", "next-link") and not paging.next:
        problems.append("paging.next: give the expression that holds the next cursor or link")
    if paging.style in ("page", "offset") and not paging.total:
        problems.append(
            "paging.total: give the expression of the number of rows, to tell when the list moved"
        )
    if paging.size < 1:
        problems.append("paging.size: must be 1 or more")
    given = {"paging.total": paging.total, "paging.next": paging.next}
    return problems + _expression_problems({place: text for place, text in given.items() if text})


def _watermark_problems(watermark: spec.Watermark | None) -> list[str]:
    if watermark is None:
        return []
    stamp = watermark.stamp
    return (
        _expression_problems({"watermark.stamp.from": stamp.from_})
        + _tried("watermark.stamp", lambda: time_reader(stamp.format, _zone_named(stamp)))
        + _tried("watermark.format", lambda: time_writer(watermark.format, ZoneInfo("UTC")))
    )


def _hook_problems(hook: spec.Hook, records: Mapping[str, spec.Record]) -> list[str]:
    problems = _tried("event", lambda: Expression(hook.event))
    problems += _tried("record", lambda: plain_path(hook.record))
    if hook.source_id:
        problems += _tried("source_id", lambda: Expression(hook.source_id))
    for name, event in hook.events.items():
        problems += _record_named(f"events.{name!r}.record", event.record, records)
        record = records.get(event.record)
        problems += _type_problems(f"events.{name!r}.type", event.type, record.kind if record else "")
    return problems if hook.events else [*problems, "events: map at least one event name"]


def _type_problems(place: str, event_type: str, kind: str) -> list[str]:
    if not vocabulary.known_type(event_type):
        return [f"{place}: {event_type!r} is not in the vocabulary; write <kind>.<happening>"]
    if event_type.partition(".")[0] != kind:
        return [f"{place}: {event_type!r} does not belong to records of kind {kind!r}"]
    return []


def _record_named(place: str, name: str, records: Mapping[str, spec.Record]) -> list[str]:
    if name in records:
        return []
    return [f"{place}: there is no usable [records.{name}]; there are {', '.join(records) or 'none'}"]


def _expression_problems(texts: Mapping[str, str]) -> list[str]:
    problems = []
    for place, text in texts.items():
        try:
            Expression(text)
        except ValueError as error:
            problems.append(f"{place}: {error}")
    return problems


def _zone_named(stamp: spec.Stamp | spec.Field) -> ZoneInfo:
    try:
        return ZoneInfo(stamp.zone or "UTC")
    except (KeyError, ValueError, OSError):
        raise ValueError(f"zone {stamp.zone!r} is not known; write one such as Europe/Paris") from None


def _tried(place: str, step: Callable[[], object]) -> list[str]:
    try:
        step()
    except ValueError as error:
        return [f"{place}: {error}"]
    return []
