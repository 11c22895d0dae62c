"""Puts a running part together: settings, declared landscape, database, clock."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from dataclasses import replace

from flask import Flask
from sqlalchemy import Engine

from controltower import create_app, landscape_files, telemetry
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
    clock = Clock.load(settings.clock_path)
    made = build(connected, open_landscape(settings), clock, telemetry.witness(settings, clock))
    return replace(made, address=settings.public_url, folder=settings.state_dir)


# Objects made between two rounds of the collector; with Python's own 700 a worker spends a quarter of its time there.
COLLECT_AFTER = 50_000
_M_ARENA_MAX = -8


def settle_memory() -> None:
    """For a process that has loaded all it needs and has no threads yet: keep it quick and small.

    The collector passes over what is there already and looks seldom at the rest: messages become tens of thousands
    of small tuples in no cycle, which go by themselves. And all threads share one heap, where the C library would
    give each its own, as large as the largest batch that it ever handled.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 5, 5)
    # Other C libraries than GNU's have no such setting, and need none.
    limit_heaps = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if limit_heaps is not None:
        limit_heaps(_M_ARENA_MAX, 1)
