"""Webhooks that are committed together: one that cannot be stored is refused alone."""

import threading
from typing import Any

from sqlalchemy import select, text

from controltower.connectors.contract import Envelope, Identity
from controltower.pipeline.receive import Refusal
from controltower.store import message
from controltower.store.engine import reading, writing
from tests.factories import Plantlet, due

SENDERS = 12


def test_only_the_one_to_blame_is_refused(plantlet: Plantlet) -> None:
    """No door lets half a surrogate pair through; a connector that did would otherwise refuse its neighbours."""
    connector = plantlet.tower.connectors["mes"]

    def careless(envelope: Envelope) -> list[Identity]:
        return [Identity("\ud800", "1")]

    connector.identify = careless  # type: ignore[method-assign]
    answers: dict[int, Any] = {}

    def send(number: int) -> None:
        try:
            sender = "mes" if number % 4 == 0 else "erp"
            answers[number] = plantlet.say(sender, number, {"due_date": due(9)})
        except Refusal as refusal:
            answers[number] = refusal.status

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    with writing(plantlet.tower.engine) as connection:  # the writer waits: all of them gather behind it
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE message IN EXCLUSIVE MODE"))
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    refused = {number for number, answer in answers.items() if answer == 503}
    assert refused == {0, 4, 8}
    with reading(plantlet.tower.engine) as connection:
        assert len(connection.execute(select(message.message.c.id)).all()) == SENDERS - len(refused)
