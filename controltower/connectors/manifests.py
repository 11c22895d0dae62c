"""The manifests of the products, read once."""

from functools import lru_cache

from controltower.connectors import manifest
from controltower.connectors.contract import Manifest


@lru_cache(maxsize=64)
def of(connector: str) -> Manifest:
    """The manifest of a product."""
    return manifest(connector)


def content_types(connector: str) -> tuple[str, ...]:
    """What a product's hook takes."""
    return of(connector).content_types
