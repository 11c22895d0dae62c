"""Every connector keeps the contract: its folder, its manifest, and what its recorded messages give."""

import datetime
import json

import pytest

from controltower.connectors import manifest, names
from controltower.connectors.contract import Sender, Translation
from controltower.domain.vocabulary import ROLES, STATUSES, known_type
from tests.connectors.recorded import CONNECTORS, Recorded, all_recorded, fixture_files, load, shown

FILES = ("__init__.py", "manifest.py", "connector.py", "translate.py", "README.md")
# Units of count, mass, length, volume and time, and currencies, as the plants write them.
UNITS = frozenset("EA PCE KG G T M MM M2 M3 L H MIN S EUR USD GBP CHF".split())
RECORDED = all_recorded()


def test_there_are_connectors() -> None:
    assert {"cloudevents", "frepple", "generic_rest"} <= set(names())


@pytest.mark.parametrize("connector", names())
def test_each_folder_holds_the_same_files(connector: str) -> None:
    missing = [name for name in FILES if not (CONNECTORS / connector / name).is_file()]
    assert not missing
    assert fixture_files(connector), "a connector needs recorded messages"


@pytest.mark.parametrize("connector", names())
def test_manifest_declares_the_product(connector: str) -> None:
    declared = manifest(connector)
    assert declared.name == connector
    assert declared.title
    assert declared.roles
    assert declared.roles <= ROLES
    assert set(declared.channels) <= {"hook", "poll"}
    assert declared.channels
    assert all(field.name and field.label for field in declared.fields)
    assert all(known_type(event_type) for event_type in declared.emits)


@pytest.mark.parametrize("connector", names())
def test_manifest_says_truly_whether_the_product_is_written_to(connector: str) -> None:
    declared, recorded = manifest(connector), load(connector, fixture_files(connector)[0])
    assert isinstance(recorded.connected, Sender) == declared.sends
    assert declared.sends or not declared.read_back
    assert not declared.sends or "url" in {field.name for field in declared.fields}
    secrets = {field.name for field in declared.fields if field.secret}
    assert {name for name in ("token", "password", "secrets") if _has(connector, name)} <= secrets


def _has(connector: str, name: str) -> bool:
    return name in {field.name for field in manifest(connector).fields}


@pytest.mark.parametrize("connector", names())
def test_native_statuses_map_to_canonical_ones(connector: str) -> None:
    for kind, statuses in manifest(connector).statuses.items():
        assert set(statuses.values()) <= STATUSES[kind]
        assert not manifest(connector).unmapped & statuses.keys()


@pytest.mark.parametrize("connector", names())
def test_recorded_messages_give_the_declared_event_types(connector: str) -> None:
    given = {
        event.type for path in fixture_files(connector) for event in _translated(load(connector, path)).events
    }
    assert given == manifest(connector).emits


@pytest.mark.parametrize("recorded", RECORDED, ids=repr)
def test_recorded_message_gives_its_golden_events(recorded: Recorded, write_goldens: bool) -> None:
    first, second = _translated(recorded), _translated(recorded)
    assert shown(first) == shown(second)
    text = json.dumps(shown(first), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if write_goldens:
        recorded.golden.write_text(text, encoding="utf-8")
    assert recorded.golden.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("recorded", RECORDED, ids=repr)
def test_events_are_well_formed(recorded: Recorded) -> None:
    assert_well_formed(recorded, _translated(recorded))


@pytest.mark.parametrize("recorded", [each for each in RECORDED if each.envelope.channel == "hook"], ids=repr)
def test_the_door_knows_an_event_by_the_same_id_as_the_translation(recorded: Recorded) -> None:
    identities = recorded.connected.identify(recorded.envelope)
    if identities is None:
        return
    translated = _translated(recorded)
    assert [identities[event.element].source_id for event in translated.events] == [
        event.source_id for event in translated.events
    ]
    assert all(identity.fingerprint for identity in identities)


def assert_well_formed(recorded: Recorded, translated: Translation) -> None:
    """Aware times in UTC, names that are there, units that are known, plants that the system serves."""
    for event in translated.events:
        assert event.occurred_at.utcoffset() == datetime.timedelta()
        assert event.source_id
        assert event.subject.key
        assert recorded.connected.system.serves(event.subject.plant)
        assert event.system == recorded.connected.system.id
        assert {value.unit for value in event.attributes.values()} - UNITS <= {""}
    for fault in translated.faults:
        assert fault.message
        assert fault.pointer == "" or fault.pointer.startswith("/")


def _translated(recorded: Recorded) -> Translation:
    return recorded.connected.translate(recorded.envelope)
