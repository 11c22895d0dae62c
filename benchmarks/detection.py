"""How soon a running tower says what is wrong: after the message that shows it, or the deadline that nobody kept."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from benchmarks import databases, ledgers, machine, towers
from benchmarks.deliveries import Delivery, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.orders import Fact, Network, cloud_event, pieces
from controltower.store import user
from controltower.store.engine import writing

TRIALS = 40
ALLOWED_SECONDS = 6.0
# The aims: what a message shows; what only a passed deadline shows, looked at each second, and the work of that.
SHOWN, SILENT = 2.0, 1.0 + 1.0
PATIENCE = 30.0


class Asker:
    """Speaks to a running tower: as a system by its webhooks, as a machine by its API."""

    def __init__(self, port: int, secret: str, key: str) -> None:
        self._at = f"http://127.0.0.1:{port}"
        self._sender = Sender(Network(datetime.now(UTC), timedelta(seconds=1)), secret)
        self._session = requests.Session()
        self._bearer = {"Authorization": f"Bearer {key}"}

    def tell(self, fact: Fact) -> float:
        """Say something now; when it was taken (monotonic seconds)."""
        made: Delivery = self._sender.signed(cloud_event(fact, datetime.now(UTC).isoformat()))
        answer = self._session.post(
            f"{self._at}/hooks/{made.system}", data=made.body, headers=made.headers, timeout=10
        )
        answer.raise_for_status()
        return time.monotonic()

    def seconds_until_said(self, rule: str, subject: str, since: float) -> float:
        """How long after a moment the API shows an exception of a rule about a subject."""
        while time.monotonic() - since < PATIENCE:
            asked = {"rule": rule, "limit": "50", "all": "true"}  # with those that many alike were gathered under
            answer = self._session.get(
                f"{self._at}/api/v1/exceptions", params=asked, headers=self._bearer, timeout=10
            )
            answer.raise_for_status()
            if any(each["subject"] == subject for each in answer.json()["items"]):
                return time.monotonic() - since
            time.sleep(0.02)
        return PATIENCE


def shown(asker: Asker, number: int) -> float:
    """A stock below zero: the message shows it."""
    subject = f"LYON/stock/BOLT-{number}/WH1"
    fact = Fact(0, "wms-hq", subject, "stock.moved", {"on_hand": pieces(-number - 1)}, 1)
    return asker.seconds_until_said("negative-stock", subject, asker.tell(fact))


def silent(asker: Asker, number: int) -> float:
    """A released order of which the scheduler never speaks: only the deadline shows it."""
    subject = f"LYON/order/MO-S{number}"
    told = asker.tell(Fact(0, "erp-hq", subject, "order.released", {"status": "released"}, 1))
    return asker.seconds_until_said("scheduled-after-release", subject, told) - ALLOWED_SECONDS


def impatient(place: Path) -> Path:
    """The benchmarks' configuration, whose first expectation allows seconds instead of minutes."""
    config = place / "config"
    shutil.copytree(towers.CONFIG, config)
    file = config / "expectations.toml"
    text = file.read_text(encoding="utf-8").replace('"15 min"', f'"{ALLOWED_SECONDS:.0f} s"', 1)
    file.write_text(text, encoding="utf-8")
    return config


def measure(kind: str, place: Path, trials: int) -> list[Figure]:
    """Every trial waits for its answer before the next one begins."""
    secret, home = new_secret(), place / "home"
    home.mkdir()
    own = {"CONTROLTOWER_CONFIG": str(impatient(place))}
    with databases.fresh(kind, home) as url:
        running = towers.Running(home, url, secret, own=own)
        try:
            running.wait_until_ready()
            with ledgers.opened(url) as engine, writing(engine) as connection:
                _, key = user.add_key(connection, name="asker", roles={"integration"}, now=datetime.now(UTC))
            asker = Asker(running.port, secret, key)
            by_message = [shown(asker, number) for number in range(trials)]
            by_deadline = [silent(asker, number) for number in range(max(5, trials // 4))]
        finally:
            running.stop()
    return [
        *_told("after the message was taken", by_message, SHOWN),
        *_told("after the deadline", by_deadline, SILENT),
    ]


def _told(what: str, seconds: list[float], aim: float) -> list[Figure]:
    most, middle = max(seconds), statistics.median(seconds)
    words = f"median {middle:.2f} s, slowest {most:.2f} s of {len(seconds)}"
    return [Figure(f"said {what}", words, f"< {aim:g} s", most < aim)]


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    kind = "postgresql" if asked.database == "postgresql" else "sqlite"
    with workplace(asked) as place:
        return measure(kind, place, 8 if asked.quick else TRIALS)


def main() -> int:
    found = run(parser(__doc__).parse_args())
    show(f"Detection, on cores that others kept busy: {not machine.quiet()}", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
