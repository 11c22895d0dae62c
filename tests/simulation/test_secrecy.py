"""What was broken on purpose is known to the breaking side alone: nothing that the tower may hear or ask names it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.network import Network
from tests.simulation.conftest import HOUR, RecordingTower

# Words that a message may hold for reasons of its own.
ORDINARY = frozenset({"late", "duplicate"})
LISTS = {
    "erp-hq": ("/api/orders", "/api/stock"),
    "aps-hq": ("/api/input/manufacturingorder/", "/api/input/workorder/"),
    "wms-north": ("/api/stock/", "/api/picks/", "/api/shipments/"),
    "procurement": ("/v1/purchase-lines",),
}


def test_all_faults_at_once_and_no_message_names_one(
    make_network: Callable[..., Network], morning: Path, tmp_path: Path, tower: RecordingTower
) -> None:
    shutil.copytree(morning, tmp_path / "demo")
    network = make_network()
    refused = list(switched_on(network))
    network.advance(HOUR)
    struck = {line["fault"] for line in network.truth.read()}
    # Their own conditions keep a few from striking in an hour; most of them do, side by side.
    assert len(struck) > (len(REGISTRY) - len(refused)) // 2
    told = [f"{each.headers} {each.body.decode(errors='replace')}" for each in tower.kept] + list(
        shown(network)
    )
    assert tower.kept
    names = REGISTRY.keys() - ORDINARY
    assert [(name, text[:200]) for text in told for name in names if name in text] == []


def switched_on(network: Network) -> Iterator[str]:
    """Switch on every fault; yields those that cannot strike beside the usual configuration."""
    for name in sorted(REGISTRY):
        try:
            network.fault_on(name, {"seed": 3})
        except ValueError:
            yield name


def shown(network: Network) -> Iterator[str]:
    """What the lists show to whoever asks, as far as a system answers at all."""
    for system, paths in LISTS.items():
        headers = network.world.credentials.api[system]
        for path in paths:
            try:
                yield requests.get(
                    f"{network.world.addresses[system]}{path}", headers=headers, timeout=10
                ).text
            except requests.ConnectionError:
                continue
