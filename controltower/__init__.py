"""The control tower: who believed what, and since when, across every system of a plant network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from controltower.domain.landscape import Landscape
    from controltower.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


def create_app(settings: Settings, landscape: Landscape | None = None) -> Flask:
    """The tower as a WSGI app: load, connect, register the pages."""
    # Imported here so that the worker and the simulated systems do not carry the pages in their memory.
    from dataclasses import replace

    from flask import Flask

    from controltower import telemetry
    from controltower.domain.clock import Clock
    from controltower.domain.landscape import Landscape
    from controltower.pipeline.tower import build
    from controltower.store import engine
    from controltower.web import (
        api,
        assets,
        errors,
        format,
        hooks,
        hx,
        login,
        pages,
        security,
        shell,
        tracing,
    )
    from controltower.web import tower as web_tower

    app = Flask(__name__, root_path=str(ROOT), static_folder=None)
    app.secret_key = settings.secret_key
    database, clock = engine.connect(settings.database_url), Clock.load(settings.clock_path)
    parts = build(database, landscape or Landscape(), clock, telemetry.witness(settings, clock))
    parts = replace(parts, address=settings.public_url, folder=settings.state_dir)
    web_tower.register(app, parts, settings)
    tracing.register(app)
    hx.register(app)
    assets.register(app, ROOT / "static", settings.state_dir)
    format.register(app)
    errors.register(app)
    login.register(app)
    security.register(app, secure_cookies=settings.secure_cookies)
    shell.register(app)
    pages.register(app, demo=settings.demo)
    api.register(app)
    hooks.register(app, parts)
    return app
