"""Which faults are on, asked by the systems at each point where a fault may bend them."""

from __future__ import annotations

import threading
from dataclasses import asdict, fields

from controltower.simulation.database import SystemDatabase
from controltower.simulation.faults.contract import Body, Call, Fault, Params, Scene, Trouble
from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.letters import Letter, LinkMessage
from controltower.simulation.truth import Hit, Truth

_COMMON = {field.name for field in fields(Params)} - {"more"}


class FaultBoard:
    """The active faults, kept in the network's own database so that a restart finds them again."""

    def __init__(self, database: SystemDatabase, truth: Truth) -> None:
        self._db = database
        self._truth = truth
        self._lock = threading.RLock()
        self._active: dict[str, Fault] = {}

    def resume(self, scene: Scene) -> None:
        """Take up the faults that were on when the network last stopped."""
        for kept in self._db.live("fault"):
            params = Params(**kept["params"])
            self._active[kept["name"]] = REGISTRY[kept["name"]](params, scene, kept["state"])

    def switch_on(self, name: str, asked: Body, scene: Scene) -> Fault:
        """Make a fault active. Raises KeyError for an unknown name, ValueError for a bad parameter."""
        kind = REGISTRY[name]
        params = _checked(kind, asked)
        with self._lock:
            fault = kind(params, scene, {"since": scene.now()})
            self._active[name] = fault
            self._keep(fault)
        return fault

    def switch_off(self, name: str) -> Fault | None:
        """Make a fault inactive and return it, so that its hits can be mended."""
        with self._lock:
            fault = self._active.pop(name, None)
            if fault:
                self._db.delete("fault", name)
            return fault

    def active(self, name: str) -> Fault | None:
        """The fault of this name when it is on."""
        return self._active.get(name)

    def remember(self, fault: Fault, hit: Hit, held: Body, at: float) -> None:
        """Keep a hit and write its truth."""
        with self._lock:
            fault.state["hits"].append({**asdict(hit), "held": held, "mended": False})
            self._keep(fault)
        self._truth.injected(hit, at)

    def forget(self, fault: Fault, hit_id: str, at: float) -> None:
        """Mark a hit as mended and write it."""
        with self._lock:
            for kept in fault.state["hits"]:
                if kept["id"] == hit_id and not kept["mended"]:
                    kept["mended"] = True
                    named = {field.name: kept[field.name] for field in fields(Hit) if field.name in kept}
                    self._truth.mended(Hit(**named), at)
            if self._active.get(fault.name) is fault:
                self._keep(fault)

    def described(self) -> list[Body]:
        """Every fault there is, with what it does and how it stands."""
        return [_described(kind, self._active.get(name)) for name, kind in sorted(REGISTRY.items())]

    def letters(self, letter: Letter) -> list[Letter]:
        """A letter after all active faults had their say."""
        made = [letter]
        with self._lock:
            for fault in list(self._active.values()):
                made = [result for one in made for result in fault.letters(one)]
        return made

    def carries(self, message: LinkMessage) -> bool:
        """Whether no active fault stops a message between systems."""
        with self._lock:
            asked = [fault.carries(message) for fault in self._active.values()]
        return all(asked)

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """A native row as the active faults let it appear."""
        with self._lock:
            for fault in list(self._active.values()):
                row = fault.shown(system_id, kind, row)
        return row

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """A record as the active faults let a system keep it."""
        with self._lock:
            for fault in list(self._active.values()):
                record = fault.kept(system_id, kind, record)
        return record

    def skips(self, system_id: str, kind: str, body: Body) -> bool:
        """Whether a fault makes a system forget a job."""
        with self._lock:
            return any(fault.skips(system_id, kind, body) for fault in list(self._active.values()))

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """The files that the active faults make of one."""
        made = [(name, text)]
        with self._lock:
            for fault in list(self._active.values()):
                made = [result for one in made for result in fault.dropped(system_id, *one)]
        return made

    def clock_offset(self, system_id: str) -> float:
        """Seconds by which a system's clock is wrong."""
        return sum(fault.clock_offset(system_id) for fault in list(self._active.values()))

    def withholds_routing(self, system_id: str, order: str) -> bool:
        """Whether a fault keeps a MES from confirming a schedule."""
        with self._lock:
            asked = [fault.withholds_routing(system_id, order) for fault in self._active.values()]
        return any(asked)

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """Whether a fault lets a named step of a system about an order go wrong."""
        with self._lock:
            return any(fault.bends(system_id, step, about) for fault in list(self._active.values()))

    def trouble(self, call: Call) -> Trouble | None:
        """What a system answers the tower in its trouble; None when it is well."""
        with self._lock:
            found = (fault.trouble(call) for fault in list(self._active.values()))
            return next((trouble for trouble in found if trouble), None)

    def shuts(self, system_id: str) -> bool:
        """Whether a fault keeps a system from taking connections."""
        return any(fault.shuts(system_id) for fault in list(self._active.values()))

    def listed(self, system_id: str, kind: str, rows: list[Body]) -> list[Body]:
        """The records of a list as the active faults let them appear."""
        with self._lock:
            for fault in list(self._active.values()):
                rows = [fault.recorded(system_id, kind, row) for row in rows]
                rows = fault.listed(system_id, kind, rows)
        return rows

    def page_size(self, system_id: str, asked: int) -> int:
        """How many rows a page holds when so many were asked for."""
        for fault in list(self._active.values()):
            asked = fault.page_size(system_id, asked)
        return asked

    def ignores_filter(self, system_id: str) -> bool:
        """Whether a system does not heed by which time it is asked for news."""
        return any(fault.ignores_filter(system_id) for fault in list(self._active.values()))

    def secret(self, system_id: str) -> str:
        """The secret with which a system signs by mistake; "" where it does not."""
        return next(filter(None, (fault.secret(system_id) for fault in list(self._active.values()))), "")

    def certificate_ends(self, system_id: str) -> float | None:
        """When a system's certificate ends, where a fault will have it so."""
        asked = (fault.certificate_ends(system_id) for fault in list(self._active.values()))
        return next((ends for ends in asked if ends is not None), None)

    def _keep(self, fault: Fault) -> None:
        body = {"name": fault.name, "params": fault.params.as_body(), "state": fault.state}
        self._db.put("fault", fault.name, body, fault.state["since"])


def _checked(kind: type[Fault], asked: Body) -> Params:
    more = {key: value for key, value in asked.items() if key not in _COMMON}
    if more.keys() - kind.defaults.keys():
        raise ValueError(f"{kind.name} takes {', '.join(sorted(_COMMON | kind.defaults.keys()))}")
    given = {"system": kind.system, **kind.defaults, **asked}
    try:
        return Params(
            system=str(given["system"]),
            rate=float(given.get("rate", 1.0)),
            count=int(given.get("count", 1)),
            duration=float(given.get("duration", 180.0)),
            seed=int(given.get("seed", 0)),
            order=str(given.get("order", "")),
            more={key: float(value) for key, value in more.items()},
        )
    except TypeError as error:
        raise ValueError(f"a fault parameter has the wrong type: {error}") from error


def _described(kind: type[Fault], active: Fault | None) -> Body:
    return {
        "name": kind.name,
        "title": kind.title,
        "what": kind.what,
        "number": kind.number,
        "causes": list(kind.causes),
        "verb": kind.verb,
        "cure": kind.cure,
        "system": active.params.system if active else kind.system,
        "params": active.params.as_body() if active else kind.defaults,
        "active": active is not None,
        "since": active.state["since"] if active else None,
        "hits": len(active.state["hits"]) if active else 0,
        "open_hits": sum(not hit["mended"] for hit in active.state["hits"]) if active else 0,
    }
