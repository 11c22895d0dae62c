"""The disk of a SQLite tower is full: nothing is acknowledged that is not kept, and with room again it goes on."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.ledgers import differences_after_reprocess, missing_deliveries
from controltower.store.engine import connect
from tests.databases import copy_sqlite
from tests.resilience.door import Sender, opened_door

LARGE = 40_000
MOST = 200
Room = Callable[[], None]


@contextmanager
def limited_files(folder: Path) -> Iterator[Room]:
    """No file of this process may grow beyond a few hundred kilobytes, until room is made."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 500_000, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(folder: Path) -> Iterator[Room]:
    """A disk of its own with two megabytes, until it is enlarged."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only who may mount file systems can make a small disk")

    def enlarge() -> None:
        subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)

    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def until_refused(sender: Sender) -> int:
    """Send until the door says that it cannot store; the number of the refused delivery."""
    for number in range(1, MOST):
        answer = sender.send(number, LARGE)
        if answer.status_code != 202:
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            return number
    pytest.fail("the disk was never full")


def fills_and_recovers(sender: Sender, make_room: Room) -> None:
    """Fill the disk, see refusals, make room, and send again what was refused."""
    refused = until_refused(sender)
    assert refused > 1
    assert sender.send(refused, LARGE).status_code == 503
    make_room()
    for number in range(refused, refused + 5):
        assert sender.send(number, LARGE).status_code == 202


@pytest.mark.parametrize("limit", [limited_files, small_disk])
def test_a_full_disk_refuses_and_recovers(limit: object, migrated_sqlite: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    # The limit is there before the database, for a disk that is mounted would hide it.
    with _database(limit, disk, migrated_sqlite) as make_room:
        engine = connect(f"sqlite:///{disk / 'tower.db'}")
        with opened_door(engine, tmp_path / "state") as sender:
            fills_and_recovers(sender, make_room)
            assert missing_deliveries(engine, sender.acknowledged) == set()
            assert set(differences_after_reprocess(sender.plantlet.tower).values()) == {0}
        engine.dispose()


@contextmanager
def _database(limit: object, disk: Path, migrated: Path) -> Iterator[Room]:
    if limit is limited_files:
        copy_sqlite(migrated, disk / "tower.db")
        with limited_files(disk) as make_room:
            yield make_room
        return
    with small_disk(disk) as make_room:
        copy_sqlite(migrated, disk / "tower.db")
        os.sync()
        yield make_room
