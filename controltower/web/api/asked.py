"""What a call asks for: query parameters and bodies read into typed structures, each fault told with its place."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from flask import request
from msgspec import Meta

from controltower.web.problems import ApiError, Place

T = TypeVar("T", bound=msgspec.Struct)

LARGEST_BODY = 64 * 1024
# No control characters: no name holds one, and PostgreSQL takes no NUL.
Word = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Words = Annotated[str, Meta(max_length=4000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Limit = Annotated[int, Meta(ge=1, le=500, description="how many items at most")]
Cursor = Annotated[str, Meta(max_length=400, description="`next` of the page before")]
Moment = Annotated[datetime.datetime, Meta(tz=True)]
_LONGEST_NUMBER = 9


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A call that takes no parameters."""


class Paged(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every list takes."""

    limit: Limit = 50
    cursor: Cursor = ""


def parameters(kind: type[T]) -> T:
    """This request's query string as `kind`; raises 400 naming each parameter that does not fit."""
    repeated = [name for name in request.args if len(request.args.getlist(name)) > 1]
    if repeated:
        raise _faulty([Place("is given more than once", parameter=name) for name in repeated])
    numbers = {field.encode_name for field in msgspec.structs.fields(kind) if field.type is Limit}
    given: dict[str, Any] = {
        name: int(text) if name in numbers and _is_number(text) else text
        for name, text in request.args.items()
    }
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _faulty([_parameter_place(str(error))]) from None


def body(kind: type[T]) -> T:
    """This request's JSON body as `kind`; raises 400, 413 or 415."""
    request.max_content_length = LARGEST_BODY
    if request.mimetype != "application/json":
        raise ApiError(415, "Unsupported media type", "send application/json")
    try:
        return msgspec.json.decode(request.get_data(cache=False), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message, _, path = str(error).partition(" - at `$")
        raise _faulty([Place(message, pointer=_pointer(path.rstrip("`")))]) from None


def bad_parameter(name: str, message: str) -> ApiError:
    """The refusal of one query parameter."""
    return _faulty([Place(message, parameter=name)])


def _faulty(places: list[Place]) -> ApiError:
    return ApiError(400, "Request not understood", "; ".join(place.message for place in places), places)


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER


def _parameter_place(error: str) -> Place:
    message, _, path = error.partition(" - at `$.")
    name = path.rstrip("`")
    if not name and "`" in message:  # Object contains unknown field `x`
        name = message.split("`")[1]
        message = "no such parameter"
    return Place(message, parameter=name or None)


def _pointer(path: str) -> str:
    return path.replace(".", "/").replace("[", "/").replace("]", "")
