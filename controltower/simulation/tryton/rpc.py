"""A small JSON-RPC client for a Tryton server, for those who play its users in the simulation."""

import base64
import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

import requests

DATABASE = "tryton"
TIMEOUT_SECONDS = 120


class TrytonRefusal(Exception):
    """Tryton answered with an error: its kind and its own words."""

    def __init__(self, kind: str, details: Any) -> None:
        super().__init__(f"{kind}: {details}")
        self.kind = kind
        self.details = details


def encode(value: Any) -> Any:
    """Turn dates and decimals, at any depth, into Tryton's JSON dialect."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, dict):
        return {key: encode(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(part) for part in value]
    return value


class TrytonClient:
    """One logged-in user of one Tryton database: create, read, write, delete and press buttons.

    Answers come back as Tryton sent them (its dialect of dates and decimals untouched).
    Raises TrytonRefusal when Tryton refuses, requests.RequestException when it cannot be reached.
    """

    def __init__(self, base_url: str, login: str, password: str, patience: float = TIMEOUT_SECONDS) -> None:
        """`patience`: seconds to wait for an answer."""
        self._url = f"{base_url.rstrip('/')}/{DATABASE}/rpc/"
        self._patience = patience
        self._http = requests.Session()
        self._ids = itertools.count(1)
        self.user_id, token = self._post("common.db.login", [login, {"password": password}, "en"])[:2]
        session = base64.b64encode(f"{login}:{self.user_id}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"
        self.context: dict[str, Any] = {}
        self.reload_context()

    def reload_context(self) -> None:
        """Read the user's preferences again: they carry the company and belong to every call."""
        self.context = self.call("model.res.user.get_preferences", True)

    def call(self, method: str, *params: Any) -> Any:
        """Call any exported method; the user's context is added as the last parameter."""
        return self._post(method, [*params, self.context])

    def search_read(
        self, model: str, domain: list[Any], fields: list[str], limit: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows of `model` that match, in order of their ids."""
        order = [["id", "ASC"]]
        rows: list[dict[str, Any]] = self.call(f"model.{model}.search_read", domain, 0, limit, order, fields)
        return rows

    def create(self, model: str, rows: list[dict[str, Any]]) -> list[int]:
        """Create all rows in one transaction; returns their ids in the same order."""
        ids: list[int] = self.call(f"model.{model}.create", rows) if rows else []
        return ids

    def write(self, model: str, ids: list[int], values: dict[str, Any]) -> None:
        """Write the same values to all ids."""
        self.call(f"model.{model}.write", ids, values)

    def delete(self, model: str, ids: list[int]) -> None:
        """Delete the rows."""
        self.call(f"model.{model}.delete", ids)

    def press(self, model: str, button: str, ids: list[int]) -> Any:
        """Press a button for all ids; an answer that is not None means that a wizard must be done first."""
        return self.call(f"model.{model}.{button}", ids) if ids else None

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _post(self, method: str, params: list[Any]) -> Any:
        body = {"id": next(self._ids), "method": method, "params": encode(params)}
        answer = self._http.post(self._url, json=body, timeout=self._patience)
        answer.raise_for_status()
        content = answer.json()
        if content.get("error"):
            kind, *details = content["error"]
            raise TrytonRefusal(str(kind), details)
        return content.get("result")
