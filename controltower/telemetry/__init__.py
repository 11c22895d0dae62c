"""Spans of what the tower does, for an OpenTelemetry collector; nothing of it is loaded unless an endpoint is set."""

from controltower.domain.clock import Clock
from controltower.pipeline.witness import NOBODY, Witness
from controltower.settings import Settings


def witness(settings: Settings, clock: Clock) -> Witness:
    """Who exports spans as the settings say; nobody where no endpoint is set."""
    if not settings.otlp_endpoint:
        return NOBODY
    from controltower.telemetry.exporting import Exporting

    return Exporting(settings.otlp_endpoint, clock)
