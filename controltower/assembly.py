"""Puts a running part together: settings, declared landscape, database, clock."""

from __future__ import annotations

import gc
import os
from dataclasses import replace

from flask import Flask
from sqlalchemy import Engine

from controltower import create_app, landscape_files
from controltower.domain.clock import Clock
from controltower.domain.landscape import Landscape
from controltower.pipeline.tower import Tower, build
from controltower.settings import Settings


def open_landscape(settings: Settings) -> Landscape:
    """The landscape that the operator declared. Raises landscape_files.ConfigurationError."""
    return landscape_files.load(settings.config_dir, os.environ)


def open_app(settings: Settings | None = None) -> Flask:
    """The web part. Raises landscape_files.ConfigurationError."""
    chosen = settings or Settings.from_environment()
    return create_app(replace(chosen, secret_key=chosen.session_key()), open_landscape(chosen))


def open_tower(settings: Settings, connected: Engine) -> Tower:
    """What the verbs of the pipeline work with. Raises landscape_files.ConfigurationError."""
    return build(connected, open_landscape(settings), Clock.load(settings.clock_path))


# Objects made between two rounds of the collector; with Python's own 700 a worker spends a quarter of its time there.
COLLECT_AFTER = 50_000


def quiet_collector() -> None:
    """For a process that has loaded all it needs: the collector passes over that, and looks seldom at the rest.

    Messages become tens of thousands of small tuples in no cycle, which go by themselves when they are done with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
