"""Walks a polled list page by page, and tells when the list moved under it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.generic_rest.mapping import CompiledResource
from controltower.connectors.http import Answer, Source, read_answer
from controltower.connectors.raw import raw_records

MOST_PAGES = 10_000
_decode = msgspec.json.Decoder().decode


class Leaf(NamedTuple):
    """One page as the source gave it: exact rows, the same decoded, and how many it says there are."""

    raws: list[bytes]
    rows: list[Any]
    total: int | None


def leaves(source: Source, resource: CompiledResource, query: Mapping[str, str]) -> Iterator[Leaf]:
    """The pages of a list, one request each. Raises SourceUnavailable."""
    walker = {
        "none": _single, "page": _numbered, "offset": _numbered, "cursor": _by_cursor, "next-link": _by_link,
    }[resource.spec.paging.style]  # fmt: skip
    return walker(source, resource, _sized(resource, query))


def _sized(resource: CompiledResource, query: Mapping[str, str]) -> dict[str, str]:
    paging = resource.spec.paging
    size = {paging.size_parameter: str(paging.size)} if paging.size_parameter else {}
    return {**resource.spec.query, **size, **query}


def _single(source: Source, resource: CompiledResource, query: dict[str, str]) -> Iterator[Leaf]:
    yield _leaf(resource, source.get(resource.spec.path, query))[0]


def _numbered(source: Source, resource: CompiledResource, query: dict[str, str]) -> Iterator[Leaf]:
    paging = resource.spec.paging
    seen = 0
    for turn in range(MOST_PAGES):
        number = paging.first + turn if paging.style == "page" else seen
        leaf, _ = _leaf(resource, source.get(resource.spec.path, {**query, paging.parameter: str(number)}))
        seen += len(leaf.raws)
        yield leaf
        if not leaf.raws or (leaf.total is not None and seen >= leaf.total):
            return
    raise _endless(resource)


def _by_cursor(source: Source, resource: CompiledResource, query: dict[str, str]) -> Iterator[Leaf]:
    asked: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        leaf, answer = _leaf(resource, source.get(resource.spec.path, {**query, **cursor}))
        yield leaf
        following = _next(resource, answer)
        if not following:
            return
        if following in asked or len(asked) >= MOST_PAGES:
            raise _endless(resource)
        asked.add(following)
        cursor = {resource.spec.paging.parameter: following}


def _by_link(source: Source, resource: CompiledResource, query: dict[str, str]) -> Iterator[Leaf]:
    asked: set[str] = set()
    path, parameters = resource.spec.path, query
    while True:
        leaf, answer = _leaf(resource, source.get(path, parameters))
        yield leaf
        following = _next(resource, answer)
        if not following:
            return
        if following in asked or len(asked) >= MOST_PAGES:
            raise _endless(resource)
        asked.add(following)
        path, parameters = source.same_host_path(following), {}


def _leaf(resource: CompiledResource, answer: Answer) -> tuple[Leaf, Any]:
    whole = read_answer(_decode, answer)
    raws = read_answer(lambda body: raw_records(body, resource.records_path), answer)
    rows: Any = whole
    for name in resource.records_path:
        rows = rows[name]
    return Leaf(raws, rows, _total(resource, whole)), whole


def _total(resource: CompiledResource, whole: Any) -> int | None:
    if resource.total is None:
        return None
    found = resource.total.search(whole)
    if not isinstance(found, int) or isinstance(found, bool):
        raise SourceUnavailable(
            "contract", f"{resource.name}: {resource.total.text!r} holds no number of rows"
        )
    return found


def _next(resource: CompiledResource, whole: Any) -> str:
    assert resource.next is not None  # the check of the mapping asks for it
    try:
        return resource.next.text_of(whole)
    except ValueError as error:
        raise SourceUnavailable("contract", f"{resource.name}: {resource.next.text!r} {error}") from None


def _endless(resource: CompiledResource) -> SourceUnavailable:
    return SourceUnavailable("contract", f"{resource.name}: the pages go round in a circle or never end")
