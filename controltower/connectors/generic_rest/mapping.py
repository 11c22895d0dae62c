"""The whole mapping of one system, compiled once."""

import fnmatch
from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from controltower.connectors.generic_rest import spec
from controltower.connectors.generic_rest.check import validate
from controltower.connectors.generic_rest.expression import Expression, plain_path
from controltower.connectors.generic_rest.record import RecordMapping
from controltower.connectors.generic_rest.times import time_reader, time_writer
from controltower.domain.landscape import System


class CompiledResource:
    """One polled list, its expressions compiled for one system."""

    def __init__(self, name: str, resource: spec.Resource, record: RecordMapping, system: System) -> None:
        self.name = name
        self.spec = resource
        self.record = record
        self.records_path = plain_path(resource.records)
        self.native_id = Expression(resource.native_id or record.spec.key)
        self.total = Expression(resource.paging.total) if resource.paging.total else None
        self.next = Expression(resource.paging.next) if resource.paging.next else None
        watermark = resource.watermark
        if watermark is not None:
            zone = _zone(watermark.stamp.zone, system)
            self.stamp = Expression(watermark.stamp.from_)
            self.read_stamp = time_reader(watermark.stamp.format, zone)
            self.write_since = time_writer(watermark.format, zone)


class HookMeaning(NamedTuple):
    """What a native event name means."""

    record: RecordMapping
    type: str


class CompiledHook:
    """The native webhook, its expressions compiled."""

    def __init__(self, hook: spec.Hook, records: Mapping[str, RecordMapping]) -> None:
        self.event = Expression(hook.event)
        self.record_path = plain_path(hook.record)
        self.source_id = Expression(hook.source_id) if hook.source_id else None
        self._meanings = {
            name: HookMeaning(records[event.record], event.type) for name, event in hook.events.items()
        }

    def meaning(self, event: str) -> HookMeaning | None:
        """The meaning of an event name: exactly named, or by the first pattern (`order.*`) that fits it."""
        exact = self._meanings.get(event)
        if exact is not None:
            return exact
        for pattern, meaning in self._meanings.items():
            if fnmatch.fnmatchcase(event, pattern):
                return meaning
        return None


class CompiledMapping:
    """A mapping file compiled for one system. ValueError lists what is wrong with it."""

    def __init__(self, given: Mapping[str, Any], system: System) -> None:
        problems = validate(given)
        if problems:
            raise ValueError(f"the mapping of {system.id} cannot be used: " + "; ".join(problems))
        tables, _ = spec.read(given)
        self.records = {name: RecordMapping(record, system) for name, record in tables.records.items()}
        self.resources = {
            name: CompiledResource(name, resource, self.records[resource.record], system)
            for name, resource in tables.resources.items()
        }
        self.hook = CompiledHook(tables.hook, self.records) if tables.hook else None


def _zone(name: str, system: System) -> ZoneInfo:
    return ZoneInfo(name) if name else system.zone
