"""The frame around every page: navigation by desk, plant, period, theme, the tower's own freshness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from flask_login import current_user

from controltower.store import user as user_store
from controltower.web import hx
from controltower.web.login import safe_next
from controltower.web.navigation import DESKS, NavEntry
from controltower.web.pulse import light
from controltower.web.scope import PERIODS, current_scope, here, link
from controltower.web.security import may
from controltower.web.tower import now, settings, tower, writing

bp = Blueprint("shell", __name__)
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class NavLine:
    """An entry as this request shows it."""

    title: str
    url: str
    icon: str
    here: bool


def register(app: Flask) -> None:
    app.register_blueprint(bp)
    app.context_processor(frame)
    app.jinja_env.globals.update(link=link, here=here, may=may)


def frame() -> dict[str, Any]:
    """What base.html needs, lazily where it costs."""
    return {
        "scope": current_scope(),
        "periods": PERIODS,
        "plants": tower().landscape.plants,
        "systems": tower().landscape.systems,
        "theme": theme(),
        "kiosk": request.args.get("kiosk") == "1",
        "demo": settings().demo,
        "clock": tower().clock,
        "now": now(),
        "utc": UTC,
        "navigation": navigation() if current_user.is_authenticated else [],
        "home": first_page(),
        "ui": current_app.jinja_env.get_template("_ui.html").module,
        "icon": current_app.jinja_env.get_template("_icons.html").module.icon,  # type: ignore[attr-defined]
        "sprite": current_app.jinja_env.get_template("_icons.html").module.sprite,  # type: ignore[attr-defined]
        "light": light,
        "zones": zones,
        "endpoints": lambda: current_app.view_functions,
    }


def theme() -> str:
    """Kept in a cookie so that the server paints the right colours from the first byte: no flash."""
    wanted = request.cookies.get("theme", "auto")
    return wanted if wanted in THEMES else "auto"


def navigation() -> list[tuple[str, list[NavLine]]]:
    """(desk, its lines) for every desk that has a page this person may open."""
    entries: tuple[NavEntry, ...] = current_app.extensions["navigation"]
    shown = [entry for entry in entries if not entry.roles or may(*entry.roles)]
    desks = [(desk, [nav_line(entry) for entry in shown if entry.desk == desk]) for desk in DESKS]
    return [(desk, lines) for desk, lines in desks if lines]


def nav_line(entry: NavEntry) -> NavLine:
    blueprint = entry.endpoint.partition(".")[0]
    here = request.blueprint in (blueprint, *entry.covers)
    return NavLine(entry.title, link(entry.endpoint), entry.icon, here)


def first_page() -> str:
    entries: tuple[NavEntry, ...] = current_app.extensions.get("navigation", ())
    return link(entries[0].endpoint) if entries else "/"


@bp.get("/")
def home() -> Response:
    """The first desk, until the executive board is there."""
    return redirect(first_page())  # type: ignore[return-value]


@bp.get("/pulse")
def pulse() -> Response:
    """The freshness light, asked for every few seconds by every open page."""
    return hx.page("pulse.html", block="pulse")


@bp.post("/me/zone")
def set_zone() -> Response:
    """In which zone this person reads times; back to the page it was asked from."""
    wanted = request.form.get("zone", "")
    if wanted and wanted not in zones():
        abort(400)
    with writing() as connection:
        user_store.set_time_zone(connection, current_user.user_id, wanted or None)
    return hx.go_to(safe_next(request.form.get("back")) or first_page())


def zones() -> list[str]:
    """The zones offered: UTC and those of the plants."""
    return ["UTC", *sorted({plant.zone.key for plant in tower().landscape.plants.values()})]


@bp.get("/favicon.ico")
def favicon() -> Response:
    return redirect(
        url_for("assets.file", url_name=current_app.extensions["assets"].named("mark.svg").url_name)
    )  # type: ignore[return-value]
