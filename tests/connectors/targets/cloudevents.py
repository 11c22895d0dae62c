"""A receiver of signed webhooks with a page that tells whether it had an id."""

from typing import Any

from tests.connectors.served import Asked, Reply
from tests.connectors.targets import Played
from tests.connectors.targets.order import ORDER

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OLD_SECRET = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
TOKEN = "token-of-the-receiver"


def _settings(url: str) -> dict[str, Any]:
    status = f"{url}/inbox/{{key}}"
    return {"url": f"{url}/hook", "secrets": [SECRET, OLD_SECRET], "token": TOKEN, "status_url": status}


def _there(asked: Asked) -> Reply:
    return Reply({"id": ORDER.key}) if asked.path == f"/inbox/{ORDER.key}" else Reply({}, 404)


PLAYED = Played(
    settings=_settings,
    outgoing=ORDER,
    took=lambda _: Reply({"accepted": 1}, 202),
    there=_there,
    absent=lambda _: Reply({"title": "never seen"}, 404),
    secrets=(SECRET, OLD_SECRET, TOKEN),
    key=lambda asked: asked.headers["webhook-id"],
)
