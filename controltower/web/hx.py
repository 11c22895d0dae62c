"""htmx on the server: one view renders the whole page or only the block that the browser asked to swap."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template
from htmx_flask import Htmx, request

# htmx-flask 0.1.0 refuses `beforebegin`, `afterbegin` and every modifier ("outerHTML swap:1s"), so the
# swap header is set here and its own make_response is left alone.
RESWAP_WORDS = frozenset(
    "innerHTML outerHTML textContent beforebegin afterbegin beforeend afterend delete none".split()
)
STOP_POLLING = 286


def register(app: Flask) -> None:
    """Make `request.htmx` known to the app and answer htmx requests apart in every cache."""
    Htmx(app)
    app.after_request(vary_on_htmx)


def vary_on_htmx(response: Response) -> Response:
    """A page and its fragment share one URL; caches must not mix them."""
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
    return response


def wants_block() -> bool:
    """True when htmx asks for a fragment: not for a boosted page nor when Back finds its cache empty."""
    asked = request.htmx
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def page(template: str, *, block: str = "live", stamp: object = None, **context: Any) -> Response:
    """Render `template` in full, or only its `block` for an htmx request.

    `stamp` is anything that changes when the fragment would (a version number, a tuple of them); with it
    an unchanged fragment costs one comparison and answers 304. Without it the fragment's own bytes decide.
    """
    if not wants_block():
        return no_store(make_response(render_template(template, **context)))
    if stamp is not None and same_as_before(tag := etag_of(stamp)):
        return not_modified(tag)
    body = render_block(template, block, context)
    tag = etag_of(stamp if stamp is not None else body)
    if same_as_before(tag):
        return not_modified(tag)
    response = make_response(body)
    response.headers["ETag"] = tag
    return no_store(response)


def render_block(template: str, block: str, context: Mapping[str, Any]) -> str:
    """One block of a template as text, with the same context processors as a full page."""
    loaded = current_app.jinja_env.get_template(template)
    values = dict(context)
    current_app.update_template_context(values)
    return "".join(loaded.blocks[block](loaded.new_context(values)))


def etag_of(stamp: object) -> str:
    """A strong entity tag for anything with a stable text; the URL is part of it because filters are."""
    text = f"{request.full_path}\n{stamp}"
    return f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'


def same_as_before(tag: str) -> bool:
    return bool(request.headers.get("If-None-Match") == tag)


def not_modified(tag: str) -> Response:
    response = Response(status=304)
    response.headers["ETag"] = tag
    return no_store(response)


def no_store(response: Response) -> Response:
    """Plant data never stays in a browser's cache; the script keeps the entity tag itself."""
    response.headers["Cache-Control"] = "no-store"
    return response


def reswap(response: Response, how: str) -> Response:
    """Tell htmx to swap otherwise than the element says. Raises ValueError for a word htmx does not know."""
    if how.split()[0] not in RESWAP_WORDS:
        raise ValueError(f"htmx knows no swap {how!r}")
    response.headers["HX-Reswap"] = how
    return response


def go_to(url: str, status: int = 303) -> Response:
    """Send the browser to another page: a redirect, or for an htmx request the header that does it."""
    if request.htmx:
        response = Response(status=200)
        response.headers["HX-Redirect"] = url
        return response
    response = Response(status=status)
    response.headers["Location"] = url
    return response
