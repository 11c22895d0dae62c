"""Evidence leads to what proves it: the message that came in, or the tower's own that went out."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.store import case, drift
from controltower.store.engine import writing
from controltower.web.api.shapes import evidence_shapes
from tests.factories import Plantlet

OUT = {"what": "the dead message", "message": "7", "event": "e", "delivery": "41"}
IN = {"what": "the change", "message": "7", "event": "e"}
NOWHERE = {"what": "nobody said anything", "message": "", "event": ""}


@pytest.fixture
def proven(told: tuple[Flask, Plantlet]) -> str:
    """The exception of the story's drift, each of them with the three kinds of evidence; its id."""
    with writing(told[1].tower.engine) as connection:
        found = next(each for each in drift.listing(connection) if each.subject.key == "MO-1")
        drift.put(connection, [found._replace(evidence=(OUT, IN, NOWHERE))])
        known = case.get(connection, f"drift-{found.id}")
        assert known is not None
        case.put(connection, [known._replace(evidence=(OUT, IN, NOWHERE))])
    return known.id


def test_an_exception_links_what_proves_it(planner: FlaskClient, proven: str) -> None:
    text = planner.get(f"/exceptions/{proven}").text
    assert '<a href="/deliveries/41">the dead message</a>' in text
    assert '<a href="/messages/7">the change</a>' in text
    assert "nobody said anything" in text


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "live"}])
def test_an_order_links_what_proves_its_drift(
    planner: FlaskClient, proven: str, headers: dict[str, str]
) -> None:
    text = planner.get("/orders/LYON/MO-1", headers=headers).text
    assert text.count('href="/deliveries/41"') == 1
    assert 'href="/messages/7"' in text
    assert "nobody said anything" in text
    assert proven in text


def test_the_api_names_the_delivery() -> None:
    assert [each.delivery for each in evidence_shapes([OUT, IN])] == ["41", ""]


@pytest.mark.parametrize(
    ("rule", "key", "place"),
    [
        ("dead-letters", "0123456789abcdef", "/failures/0123456789abcdef"),
        ("not-applied", "41", "/deliveries/41"),
        ("interface-paused", "mes", "/interfaces#t-aps"),
        ("late-delivery", "orders mes", "/interfaces#t-aps"),
    ],
)
def test_an_exception_of_the_way_out_leads_to_its_remedy(
    planner: FlaskClient, told: tuple[Flask, Plantlet], proven: str, rule: str, key: str, place: str
) -> None:
    with writing(told[1].tower.engine) as connection:
        known = case.get(connection, proven)
        assert known is not None
        case.put(connection, [known._replace(rule=rule, key=key)])
    assert f'href="{place}"' in planner.get(f"/exceptions/{proven}").text.replace("?plant=LYON", "")
