"""Bytes that are no HTTP, requests that break off, bodies that are no message: the tower stays up and loses nothing."""

import random
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.deliveries import Delivery, Sender, new_secret
from benchmarks.ledgers import doubled_deliveries, missing_deliveries, opened
from benchmarks.load import send
from benchmarks.orders import Network
from benchmarks.towers import Running, running

Told = tuple[Running, list[Delivery], str]


@pytest.fixture(scope="module")
def told(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A running tower, and good deliveries for it."""
    from tests.databases import copy_sqlite

    home = tmp_path_factory.mktemp("junk")
    copy_sqlite(migrated_sqlite, home / "tower.db")
    secret = new_secret()
    deliveries = Sender(Network(datetime.now(UTC), timedelta(seconds=1)), secret).singles(60)
    url = f"sqlite:///{home / 'tower.db'}"
    with running(home, url, secret) as tower:
        yield tower, deliveries, url


def raw(port: int, sent: bytes) -> bytes:
    """What the tower answers to some bytes, after which we say no more."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := line.recv(65_536):
                answer += piece
        except ConnectionResetError:
            return answer
    return answer


def broken(delivery: Delivery, chance: random.Random) -> bytes:
    """A good request with its bytes damaged: cut off, overwritten, or with another length told."""
    request = bytearray(delivery.request)
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(request[: chance.randrange(1, len(request))])
    if kind == 1:
        for _ in range(20):
            request[chance.randrange(len(request))] = chance.randrange(256)
        return bytes(request)
    if kind == 2:
        length = f"content-length: {len(delivery.body)}".encode()
        return bytes(request).replace(
            length, b"content-length: " + chance.choice([b"-1", b"1e9", b"99999999999", b"0"])
        )
    return chance.randbytes(chance.randrange(1, 4000))


@pytest.mark.slow
def test_junk_gets_no_server_error_and_costs_no_good_message(told: Told) -> None:
    tower, deliveries, url = told
    chance = random.Random(20)
    acknowledged = []
    for delivery in deliveries:
        answer = raw(tower.port, broken(delivery, chance))
        assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
        load = send(tower.port, [delivery.request], 1)
        assert [each.status for each in load.answers] == [202]
        acknowledged.append(delivery.id)
    with opened(url) as engine:
        assert missing_deliveries(engine, acknowledged) == set()
        assert doubled_deliveries(engine) == 0
    assert tower.supervisor.poll() is None


@pytest.mark.slow
def test_connections_that_say_nothing_do_not_keep_others_out(told: Told) -> None:
    tower, deliveries, _ = told
    silent = [socket.create_connection(("127.0.0.1", tower.port), timeout=20) for _ in range(200)]
    half = deliveries[0].request[:40]
    for line in silent[::2]:
        line.sendall(half)
    load = send(tower.port, [each.request for each in deliveries], 8)
    for line in silent:
        line.close()
    assert {each.status for each in load.answers} == {202}
    assert len(load.answers) == len(deliveries)
