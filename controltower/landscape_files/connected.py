"""Whether each system can be spoken to: its connector's fields, channels, mapping and lists."""

import importlib
import importlib.util
import re
from collections.abc import Callable
from typing import Any

from controltower import connectors
from controltower.connectors.contract import Field, Manifest
from controltower.domain.landscape import Landscape
from controltower.landscape_files import value
from controltower.landscape_files.declared import Declared, SystemTables
from controltower.landscape_files.environment import FromEnvironment
from controltower.landscape_files.files import read_toml
from controltower.landscape_files.fit import plants_of
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings, suggestion
from controltower.landscape_files.reading import taken
from controltower.landscape_files.value import said

MAPPING = "mapping"
_QUOTED = re.compile(r"'[^']+'|\"[^\"]+\"")


def check_connections(declared: Declared, findings: Findings) -> None:
    """Tell what keeps the tower from hearing a system; a mapping's file takes the place of its name."""
    for system in declared.systems.values():
        _check_zone(system, declared, findings)
        if system.row["connector"] is None:
            continue
        manifest = connectors.manifest(system.row["connector"])
        _check_role(system, manifest, findings)
        _check_channels(system, manifest, findings)
        system.row["settings"] = _settings(system, manifest, findings)
        _check_resources(system, findings)


def _check_zone(system: SystemTables, declared: Declared, findings: Findings) -> None:
    if (
        system.row["time_zone"] is None
        and "time_zone" not in _given(system)
        and len(plants_of(system, declared)) > 1
    ):
        findings.error(
            system.place / "time_zone", "is missing, and its plants do not settle it",
            'Add time_zone = "Europe/Paris": the zone of its times that carry none.',
        )  # fmt: skip


def _given(system: SystemTables) -> set[str]:
    """The keys that stand in the file, well or badly written."""
    depth = len(system.place.path)
    return {
        str(path[depth])
        for path in system.place.lines
        if path[:depth] == system.place.path and len(path) > depth
    }


def _check_role(system: SystemTables, manifest: Manifest, findings: Findings) -> None:
    role = system.row["role"]
    if role and role not in manifest.roles:
        findings.error(
            system.place / "role", f"is {role!r}, which the connector {manifest.name} does not speak for",
            f"It speaks for: {', '.join(sorted(manifest.roles))}.",
        )  # fmt: skip


def _check_channels(system: SystemTables, manifest: Manifest, findings: Findings) -> None:
    for channel, key, table in (("hook", "hooks", system.hooks), ("poll", "poll", system.poll)):
        if table is not None and channel not in manifest.channels:
            findings.error(
                system.place / key, f"is not for the connector {manifest.name}",
                f"Take it out; it is heard by: {', '.join(manifest.channels)}.",
            )  # fmt: skip
    if system.hooks is None and system.poll is None:
        tables = {"hook": "hooks", "poll": "poll"}
        ways = " or ".join(f"[{system.place.text}.{tables[channel]}]" for channel in manifest.channels)
        findings.warning(
            system.place, "is never heard: it is neither polled nor sends webhooks", f"Add {ways}."
        )
    if system.hooks is not None:
        for number, secret in enumerate(system.hooks["secrets"] or ()):
            _check_secret(system.place / "hooks" / "secrets" / number, secret, findings)


def _check_secret(place: Place, secret: Any, findings: Findings) -> None:
    if isinstance(secret, str) and secret and not isinstance(secret, FromEnvironment):
        findings.error(
            place, "is a secret written into a file", 'Write "env:NAME" and set NAME in the environment.'
        )


def _settings(system: SystemTables, manifest: Manifest, findings: Findings) -> dict[str, Any]:
    place, given = system.place / "settings", dict(system.row["settings"] or {})
    fields = {field.name: field for field in manifest.fields}
    for name in given.keys() - fields.keys():
        cure = (
            suggestion(name, fields)
            if fields
            else f"The connector {manifest.name} has no settings; take it out."
        )
        findings.error(place / name, f"is no field of the connector {manifest.name}", cure)
    for field in manifest.fields:
        _check_field(place / field.name, field, given, system, findings)
    return given


def _check_field(
    place: Place, field: Field, given: dict[str, Any], system: SystemTables, findings: Findings
) -> None:
    if field.name not in given:
        # What drops its files into a folder has no address.
        spoken_to = (system.poll is not None and "folder" not in given) or system.send is not None
        if field.required or (field.name == "url" and spoken_to):
            findings.error(place, "is missing", f"Add {field.name} = ... ({field.label}).")
        elif field.default:
            given[field.name] = field.default
        return
    held = given[field.name]
    if field.secret:
        _check_secret(place, held, findings)
        for number, each in enumerate(held if isinstance(held, list) else ()):
            _check_secret(place / number, each, findings)
    if field.name == "url":
        _check_address(place, held, findings)
    if field.name == MAPPING:
        given[MAPPING] = _mapping(place, held, system, findings)


def _check_address(place: Place, held: Any, findings: Findings) -> None:
    address = taken(place, held, value.text, findings)
    if address is not None and not address.startswith(("http://", "https://")):
        findings.error(place, "is no address", "It must begin with http:// or https://.")


def _mapping(place: Place, named: Any, system: SystemTables, findings: Findings) -> dict[str, Any]:
    """The mapping file as a table; {} where it cannot be used."""
    name = taken(place, named, value.text, findings)
    if name is None:
        return {}
    path = system.directory / name
    if not path.is_file():
        near = sorted(f"mappings/{file.name}" for file in (system.directory / "mappings").glob("*.toml"))
        findings.error(place, f"names {name!r}, which is not there", suggestion(name, near))
        return {}
    before = len(findings.problems)
    at, mapping = read_toml(path, findings)
    if len(findings.problems) == before:
        for line in _validator(system.row["connector"])(mapping):
            _tell_mapping(at, line, findings)
    return mapping


def _validator(connector: str) -> Callable[[Any], list[str]]:
    """The connector's own `validate(mapping)`, of its module `check`; nothing to say where it has none."""
    name = f"controltower.connectors.{connector}.check"
    if importlib.util.find_spec(name) is None:
        return lambda _: []
    found: Callable[[Any], list[str]] = importlib.import_module(name).validate
    return found


def _tell_mapping(at: Place, line: str, findings: Findings) -> None:
    where, _, what = line.partition(": ")
    place = at
    for step in where.split("."):
        place = place / (int(step) if step.isdigit() else step.strip("'"))
    findings.error(
        place, f"cannot be used: {what}", "Mend it; docs/connectors.md tells what a mapping holds."
    )


def check_connectors(landscape: Landscape, declared: Declared, findings: Findings) -> None:
    """Let each connector say what it cannot work with; it is made, and speaks to nobody."""
    for system in landscape.systems.values():
        tables = declared.systems[system.id]
        try:
            connectors.connect(system)
        except ValueError as error:
            words = _without_secrets(str(error), tables.row["settings"])
            findings.error(
                tables.place / "settings", f"cannot be used: {words}", "Mend the setting that it names."
            )


def _without_secrets(words: str, settings: dict[str, Any]) -> str:
    """A connector's words without what it quotes of a value that came from the environment."""
    hidden = [held for held in settings.values() if isinstance(held, FromEnvironment) and held]
    for held in hidden:
        words = words.replace(held, said(held))
    for part in _QUOTED.findall(words):
        if any(part[1:-1] in held for held in hidden):
            words = words.replace(part, said(hidden[0]))
    return words


def _check_resources(system: SystemTables, findings: Findings) -> None:
    named = (system.poll or {}).get("resources") or ()
    known = _resources(system)
    for resource in named:
        if known is not None and resource not in known:
            findings.unknown(system.place / "poll" / "resources", "list", resource, known)


def _resources(system: SystemTables) -> set[str] | None:
    """The lists that can be polled: those of the mapping, else those that the connector's manifest names."""
    mapping = system.row["settings"].get(MAPPING)
    if isinstance(mapping, dict) and mapping:
        lists = mapping.get("resources", {})
        return set(lists) if isinstance(lists, dict) else None
    module = importlib.import_module(f"controltower.connectors.{system.row['connector']}.manifest")
    lists = getattr(module, "RESOURCES", None)
    return None if lists is None else set(lists)
