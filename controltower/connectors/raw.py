"""Takes the records out of a JSON list byte for byte, so that what is stored is what was received."""

from collections.abc import Iterable, Sequence

import msgspec

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def raw_at(body: bytes | msgspec.Raw, path: Sequence[str]) -> bytes | msgspec.Raw:
    """The bytes of the value at a path of keys. Raises msgspec's errors, or ValueError for a missing key."""
    for step, name in enumerate(path):
        held = _decode_object(body)
        if name not in held:
            raise ValueError(f"has no {'.'.join(path[: step + 1])!r}")
        body = held[name]
    return body


def raw_records(body: bytes | msgspec.Raw, path: Sequence[str] = ()) -> list[bytes]:
    """The elements of the list at a path of keys. Raises msgspec's errors or ValueError."""
    return [bytes(record) for record in _decode_list(raw_at(body, path))]


def raw_elements(body: bytes) -> list[bytes]:
    """The elements of a list, or the one object that stands for itself. Raises msgspec's errors."""
    return raw_records(body) if body.lstrip()[:1] == b"[" else [body]


def joined(records: Iterable[bytes]) -> bytes:
    """The body of a polled message: a JSON array of the records as they were."""
    return b"[" + b",".join(records) + b"]"
