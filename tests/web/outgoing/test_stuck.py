"""What is stuck, since when, and whose it is: the home, its map, and the failure groups of both ways."""

import pytest
from flask.testing import FlaskClient

from tests.factories import MINUTE
from tests.web.dead_letters import AWAY, send, tell_orders
from tests.web.outgoing.stage import Stage, settled
from tests.web.test_pages import rows, words


def test_the_home_says_what_is_stuck_since_when_and_whose(stage: Stage, desk: FlaskClient) -> None:
    assert "Nothing is stuck" in words(desk, "/integration")
    stage.kill(3)
    stage.plantlet.clock.move(70 * MINUTE)
    stage.plantlet.say("mes", 1, {"quantity": {"value": "x", "unit": "EA"}})
    stage.plantlet.record()
    stage.show()
    text = words(desk, "/integration")
    assert "3 dead letters, oldest 1 h 10 min ago" in text
    assert "1 messages not readable" in text
    assert "Could not be read" in text
    assert "Planning systems" in text
    assert "10 min over" in text  # the promise of one hour
    assert "Refused 3" in text


def test_the_map_shows_the_ways_and_what_goes_along_them(stage: Stage, desk: FlaskClient) -> None:
    tell_orders(stage.plantlet, range(7))
    send(stage.plantlet)
    stage.kill(2)
    page = desk.get("/integration").text
    assert (
        "ERP Lyon → Scheduler: Orders to the scheduler; running; 7 deliveries taken in the last hour" in page
    )
    assert "MES Lyon → ERP Lyon: Confirmations to the ERP; running; 0 deliveries" in page
    assert 'aria-label="Scheduler: never heard, 2 dead"' in page
    assert page.count("marker-end") == 2
    assert 'class="node ' not in desk.get("/integration?plant=GRAZ").text


def test_a_failure_group_is_one_row_with_its_owner_and_trend(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(4)
    stage.kill(2, outcome=AWAY._replace(error="gone", words="no such order {order}", status=404))
    first, second = rows(desk, "/failures?as=csv&sort=-number")
    assert (first["number"], first["attempts"], first["team"], first["error"]) == (
        "4",
        "4",
        "planning",
        "refused",
    )
    assert (second["number"], second["error"]) == ("2", "gone")
    page = desk.get("/failures").text
    assert "Failed in the last twelve hours: 4, in the last one 4" in page
    assert rows(desk, "/failures?as=csv&way=in") == rows(desk, "/failures?as=csv&team=nobody") == []
    assert "No failure matches" in words(desk, "/failures?system=mes")


@pytest.mark.parametrize("sort", ["number", "-attempts", "first", "-last", "due", "-team", "nonsense"])
def test_every_sort_keeps_every_group(stage: Stage, desk: FlaskClient, sort: str) -> None:
    stage.kill(2)
    stage.kill(1, outcome=AWAY._replace(error="gone", words="unknown"))
    assert len(rows(desk, f"/failures?as=csv&sort={sort}")) == 2


def test_what_could_not_be_read_is_read_again_in_place(stage: Stage, desk: FlaskClient) -> None:
    for number in range(3):
        broken = {"quantity": {"value": f"{number} dozen", "unit": "EA"}}
        stage.plantlet.say("mes", 1, broken, subject=f"LYON/order/P-{number}")
    stage.plantlet.record()
    (group,) = rows(desk, "/failures?as=csv")
    assert (group["way"], group["number"], group["team"]) == ("in", "3", "mes-team")
    page = words(desk, f"/failures/{group['group']}")
    assert "Reprocess 3" in page
    assert "/data/attributes/quantity" in page
    after = settled(desk, desk.post(f"/failures/{group['group']}/reprocess"))
    assert "Read 3 messages again; 3 still cannot be read." in after
    assert stage.acts()[0] == ("integration", "message.reprocess")


def test_a_group_that_is_gone_says_so(stage: Stage, desk: FlaskClient) -> None:
    assert "Nothing of this group is left" in words(desk, "/failures/0123456789abcdef")
    assert desk.get("/failures/nonsense").status_code == 404
