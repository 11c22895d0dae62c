"""`/systems`: how each connected system is heard."""

from __future__ import annotations

import datetime

import msgspec

from controltower.domain import landscape
from controltower.store import channel
from controltower.web.api.call import call
from controltower.web.api.routes import GateShape, gates_by_system
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, tower

LIVE, SILENT, DOWN, UNHEARD = "live", "silent", "down", "unheard"


class Channel(msgspec.Struct):
    """One way by which a system is heard. Counts are since the beginning."""

    channel: str
    last_attempt_at: datetime.datetime | None
    last_success_at: datetime.datetime | None
    last_message_at: datetime.datetime | None
    next_at: datetime.datetime | None
    failures: int
    last_error: str
    error_kind: str
    messages: int
    duplicates: int
    refused: int


class System(msgspec.Struct):
    """One declared system. `health`: live, silent (longer than `silent_after_seconds`), down, unheard (never).
    `gate`: whether anything may pass to it, and what waits; null where the tower never sends there."""

    id: str
    title: str
    role: str
    plants: list[str]
    connector: str
    zone: str
    team: str
    tier: str
    health: str
    last_heard_at: datetime.datetime | None
    silent_after_seconds: float
    channels: list[Channel]
    gate: GateShape | None


class Systems(msgspec.Struct):
    """All declared systems; there is one page."""

    items: list[System]
    next: str | None = None


@call("GET", "/systems", answer=Systems)
def list_systems() -> Systems:
    """Every declared system with its health"""
    heard, gates = channel.every(reading()), gates_by_system()
    return Systems([_system(each, heard, gates.get(each.id)) for each in tower().landscape.systems.values()])


@call("GET", "/systems/<system>", answer=System, refusals=(404,))
def get_system(system: str) -> System:
    """One system with its health"""
    found = tower().landscape.systems.get(system)
    if found is None:
        raise ApiError(404, "Not found", "no system of this id is declared")
    return _system(found, channel.every(reading()), gates_by_system().get(system))


def _system(
    each: landscape.System, heard: dict[tuple[str, str], channel.Channel], gate: GateShape | None
) -> System:
    mine = [state for (system, _), state in sorted(heard.items()) if system == each.id]
    last = max((at for state in mine for at in _heard_at(state)), default=None)
    return System(
        each.id, each.title, each.role, list(each.plants), each.connector, each.zone.key, each.team, each.tier,
        _health(each, mine, last), last, each.silent_after.total_seconds(), [_channel(state) for state in mine],
        gate,
    )  # fmt: skip


def _heard_at(state: channel.Channel) -> list[datetime.datetime]:
    return [at for at in (state.last_success_at, state.last_message_at) if at is not None]


def _health(each: landscape.System, channels: list[channel.Channel], last: datetime.datetime | None) -> str:
    if any(state.failures for state in channels):
        return DOWN
    if last is None:
        return UNHEARD
    return SILENT if now() - last > each.silent_after else LIVE


def _channel(state: channel.Channel) -> Channel:
    return Channel(
        state.channel, state.last_attempt_at, state.last_success_at, state.last_message_at, state.next_at,
        state.failures, state.last_error, state.error_kind, state.messages, state.duplicates, state.refused,
    )  # fmt: skip
