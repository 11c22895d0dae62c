"""The whole simulated network in one object: servers, systems, faults, and time that runs or is stepped."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controltower.simulation.certificates import VALID, secured
from controltower.simulation.control import control_app
from controltower.simulation.credentials import from_environment
from controltower.simulation.database import Body, SystemDatabase
from controltower.simulation.engine import Engine
from controltower.simulation.faults.board import FaultBoard
from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.landscape import SECURED, SPECS, SystemSpec, ports, secured_port
from controltower.simulation.links import BESIDE_TRYTON
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.postman import Postman
from controltower.simulation.scene import NetworkScene
from controltower.simulation.servers import SystemServer, stop_all
from controltower.simulation.story import AT_THE_DOOR, SCENES, plan_story
from controltower.simulation.systems.aps import Aps
from controltower.simulation.systems.erp import Erp
from controltower.simulation.systems.floor import Floor
from controltower.simulation.systems.mes import Mes
from controltower.simulation.systems.procurement import Procurement
from controltower.simulation.systems.quality import Quality
from controltower.simulation.systems.wms import Wms
from controltower.simulation.systems.workforce import Workforce
from controltower.simulation.timekeeper import Timekeeper
from controltower.simulation.truth import Truth
from controltower.simulation.tryton.bridge import Bridge, RealErp
from controltower.simulation.world import Pace, World

log = logging.getLogger(__name__)
KINDS: dict[str, type[PlantSystem]] = {
    "erp": Erp,
    "aps": Aps,
    "mes": Mes,
    "shopfloor": Floor,
    "wms": Wms,
    "procurement": Procurement,
    "quality": Quality,
    "workforce": Workforce,
}
INSIDE_TRYTON = (
    "The ERP is a real Tryton: nothing can be broken inside it from here. From the shell the fault can strike another "
    "system, such as --param system=aps-hq"
)
CARRIED = "The tower carries what this fault would lose between two systems: break a system itself, as target-down does"
TICK = 0.1
STEP = 60.0


class Network:
    """`start()` then either let it run (`run()`) or move it by hand (`advance()`); `stop()` keeps all state."""

    _secured: SystemServer | None = None
    _certified_until: datetime | None = None

    def __init__(
        self,
        state_dir: Path,
        *,
        seed: int = 7,
        port_base: int = 0,
        tower_url: str = "http://127.0.0.1:8000",
        environ: Mapping[str, str] | None = None,
        begin_at: datetime | None = None,
        speed: float = 60.0,
        without: Sequence[str] = (),
        clock_path: Path | None = None,
        pace: Pace | None = None,
        real_erp: RealErp | None = None,
        carried: Collection[str] = (),
    ) -> None:
        """`begin_at` counts on the first start only; with a `real_erp` time is real, and goes on from now. On the
        `carried` links the network is silent: the tower carries them, beside a real ERP all that it can.

        Raises ValueError for missing credentials."""
        environ = os.environ if environ is None else environ
        credentials = from_environment(environ, tuple(without))
        self.db = SystemDatabase(state_dir / "network.db")
        self.truth = Truth(state_dir / "truth.jsonl")
        board = FaultBoard(self.db, self.truth)
        moment, birth = self._resumed(begin_at or datetime.now(UTC))
        self.world = World(
            seed, moment, birth, credentials, board, pace or Pace(),
            carried=BESIDE_TRYTON if real_erp else frozenset(carried), real_erp=real_erp is not None,
        )  # fmt: skip
        self._real_erp = real_erp
        specs = [spec for spec in SPECS if spec.id not in without]
        self.systems = {spec.id: self._system(spec, state_dir) for spec in specs}
        moment = self.world.moment = max(moment, *(s.db.newest_change() for s in self.systems.values()))
        if real_erp:
            moment = self.world.moment = self._caught_up(moment, begin_at or datetime.now(UTC))
        self.scene = NetworkScene(self.world, self.systems, self.db)
        board.resume(self.scene)
        self.timekeeper = Timekeeper(moment, speed, clock_path)
        self.postman = Postman(self.systems.values(), tower_url)
        self._control = control_app(self, environ.get("SIM_CONTROL_TOKEN", ""))
        self._ports = ports(port_base) | {"control": port_base, "tls": secured_port(port_base)}
        self._folder = state_dir
        self._servers: list[SystemServer] = []
        self._doors: dict[str, SystemServer] = {}
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._engine: Engine | None = None
        self.control_url = ""

    def _resumed(self, begin_at: datetime) -> tuple[float, float]:
        kept = self.db.get("system", "time")
        if kept is None:
            first = float(int(begin_at.timestamp()))
            kept = {"moment": first, "birth": first}
            self.db.put("system", "time", kept, first, live=False)
        return float(kept["moment"]), float(kept["birth"])

    def _caught_up(self, moment: float, present: datetime) -> float:
        """The plants stood still while we did not run: what was planned is put off by as long."""
        gap = present.timestamp() - moment
        if gap <= 0:
            return moment
        for database in (self.db, *(system.db for system in self.systems.values())):
            database.postpone(gap)
        return moment + gap

    def _system(self, spec: SystemSpec, state_dir: Path) -> PlantSystem:
        if spec.role == "erp" and self._real_erp:
            return Bridge(spec, self.world, state_dir / "erp-bridge.db", self._real_erp)
        return KINDS[spec.role](spec, self.world, state_dir / f"{spec.id}.db")

    # ---- starting and stopping ----------------------------------------------------------------------------

    def start(self, live: bool = False) -> None:
        """Serve every system; with `live` also let the time run and the letters go."""
        for system in self.systems.values():
            server = SystemServer(system.app, self._ports[system.id])
            self.world.addresses[system.id] = server.address
            self._servers.append(server)
            self._doors[system.id] = server
        if SECURED in self.systems:
            self._secure(self.systems[SECURED])
        self._servers.append(SystemServer(self._control, self._ports["control"]))
        self.control_url = self._servers[-1].address
        for server in self._servers:
            server.start()
        self._set_doors()
        chores: dict[str, Callable[[Body], None]] = {
            "begin": self._begin,
            "mend": self._mend,
            "story": self._story,
        }
        self._engine = Engine(self.world, self.systems, self.db, chores, strict=not live)
        self.timekeeper.anchor(self.world.moment, self.timekeeper.speed if live else 0.0)
        if live:
            self._spawn(self._live, "network-time")
            self._spawn(self._deliver, "network-post")

    def _spawn(self, run: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Stop within two seconds; a later start goes on from here."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=0.8)
        busy = any(thread.is_alive() for thread in self._threads)
        stop_all(self._servers)
        self._keep_time()
        if busy:
            log.warning("a letter is still on its way; it will be sent again after the next start")
            return
        for closing in (self.postman, self._engine, self.db, *(s.db for s in self.systems.values())):
            if closing is not None:
                closing.close()

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stopped.is_set()

    # ---- time ---------------------------------------------------------------------------------------------

    def advance(self, span: timedelta) -> None:
        """Let virtual time pass by hand, delivering letters after each virtual minute."""
        if self._engine is None:
            raise RuntimeError("start() the network first")
        end = self.world.moment + span.total_seconds()
        while self.world.moment < end:
            self._engine.run_until(min(end, self.world.moment + STEP))
            self.postman.round(respect_pauses=False)
        self.timekeeper.anchor(self.world.moment, 0.0)
        self._keep_time()

    def _live(self) -> None:
        if self._engine is None:
            raise RuntimeError("start() the network first")
        last_kept = 0.0
        while not self._stopped.wait(TICK):
            self._engine.run_until(self.timekeeper.now(), self._stopped)
            if time.monotonic() - last_kept > 1:
                last_kept = time.monotonic()
                self._keep_time()

    def _deliver(self) -> None:
        while not self._stopped.wait(TICK):
            self.postman.round()

    def _keep_time(self) -> None:
        kept = {"moment": self.world.moment, "birth": self.world.birth}
        self.db.put("system", "time", kept, self.world.moment, live=False)

    def set_speed(self, speed: float) -> None:
        """Run at another speed from this moment on. Raises ValueError for one outside 0..3600."""
        if not 0 <= speed <= 3600:
            raise ValueError("speed must lie between 0 and 3600")
        if self._real_erp:
            raise ValueError("a real ERP lives in real time, and so does the network beside it")
        with self.world.lock:
            self.timekeeper.anchor(self.timekeeper.now(), speed)

    # ---- faults -------------------------------------------------------------------------------------------

    def faults(self) -> list[Body]:
        """Every fault there is and how it stands; `not_here` says why one cannot strike in this network, if so."""
        described = self.world.board.described()
        return [{**fault, "not_here": self._not_here(fault["name"], fault["system"])} for fault in described]

    def _not_here(self, name: str, system: str) -> str:
        """Why a fault cannot strike a system here; "" where it can."""
        fault = REGISTRY[name]
        if fault.link in self.world.carried:
            return CARRIED
        inside = system == "erp-hq" and not fault.at_the_door
        return INSIDE_TRYTON if inside and self._real_erp else ""

    def fault_on(self, name: str, asked: Body | None = None) -> None:
        """Switch a fault on, anew when it is on. Raises KeyError for an unknown one, ValueError for bad params."""
        refusal = self._not_here(name, str((asked or {}).get("system") or REGISTRY[name].system))
        if refusal:
            raise ValueError(refusal)
        with self.world.lock:
            self.fault_off(name)
            fault = self.world.board.switch_on(name, asked or {}, self.scene)
            try:
                fault.begin()
            except ValueError:
                self.world.board.switch_off(name)
                raise
            self._set_doors()

    def fault_off(self, name: str) -> None:
        """Switch a fault off and mend what it broke; nothing when it is not on."""
        with self.world.lock:
            fault = self.world.board.active(name)
            if fault is None:
                return
            for hit in [hit for hit in fault.state["hits"] if not hit["mended"]]:
                fault.mend(hit)
                self.scene.forget(fault, hit["id"])
            self.world.board.switch_off(name)
            self._set_doors()

    def _secure(self, system: PlantSystem) -> None:
        """Let a system answer over TLS too."""
        self._certified_until = self._certificate_ends()
        context = secured(self._folder, self._certified_until)
        self._secured = SystemServer(system.app, self._ports["tls"], tls=context)
        self.world.addresses[f"{SECURED}-tls"] = self._secured.address
        self._servers.append(self._secured)

    def _certificate_ends(self) -> datetime:
        """When the certificate ends: long after the network's birth, unless a fault will have it otherwise."""
        asked = self.world.board.certificate_ends(SECURED)
        if asked is not None:
            return datetime.fromtimestamp(asked, UTC)
        return datetime.fromtimestamp(self.world.birth, UTC) + 2 * VALID

    def _set_certificate(self) -> None:
        ends = self._certificate_ends()
        if self._secured is not None and ends != self._certified_until:
            self._certified_until = ends
            self._secured.shut()
            self._secured.tls = secured(self._folder, ends)
            self._secured.reopen()

    def _set_doors(self) -> None:
        """Shut the doors of the systems that a fault keeps shut, and open the others."""
        self._set_certificate()
        for system, door in self._doors.items():
            if self.world.board.shuts(system):
                door.shut()
            else:
                door.reopen()

    def taken(self, system: str, subject: str = "") -> list[Body]:
        """What a system has taken from the tower, oldest first. Raises KeyError for an unknown one."""
        return self.systems[system].tower_end.inbox.taken(subject)

    def story(self) -> None:
        """Plan the scripted story: a first visitor sees a live drift within two minutes."""
        with self.world.lock:
            scenes = [
                scene for scene in SCENES if not self._not_here(scene.fault, REGISTRY[scene.fault].system)
            ]
            plan_story(self.db, self.world.moment, self.timekeeper.speed or 60.0, scenes or AT_THE_DOOR)

    def _begin(self, body: Body) -> None:
        fault = self.world.board.active(body["fault"])
        if fault:
            fault.begin()

    def _mend(self, body: Body) -> None:
        fault = self.world.board.active(body["fault"])
        hits = fault.state["hits"] if fault else []
        for hit in [hit for hit in hits if hit["id"] == body["hit"] and not hit["mended"]]:
            if fault:
                fault.mend(hit)
                self.scene.forget(fault, hit["id"])
        if fault and fault.exhausted:
            self.world.board.switch_off(fault.name)
        self._set_doors()

    def _story(self, body: Body) -> None:
        """One scene of the story, played again later; it waits while its fault is on."""
        self.db.plan_job(self.world.moment + body["again"], "story", body)
        if self.world.board.active(body["fault"]) is None:
            self.fault_on(body["fault"], body["params"])
