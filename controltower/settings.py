"""What the operator sets in the environment, read once and frozen."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`sim_control_url` and `clock_path` are set only in a demo."""

    database_url: str
    config_dir: Path
    state_dir: Path
    secret_key: str = field(repr=False)
    clock_path: Path | None = None
    demo: bool = False
    sim_control_url: str | None = None
    secure_cookies: bool = False

    @classmethod
    def from_environment(cls) -> Settings:
        """Read CONTROLTOWER_* and DATABASE_URL; what is not set falls back to a local, embedded tower."""
        held = os.environ
        state = Path(held.get("CONTROLTOWER_STATE", "var"))
        clock = held.get("CONTROLTOWER_CLOCK")
        return cls(
            database_url=held.get("DATABASE_URL", f"sqlite:///{state}/tower.db"),
            config_dir=Path(held.get("CONTROLTOWER_CONFIG", "config")),
            state_dir=state,
            secret_key=held.get("CONTROLTOWER_SECRET_KEY") or secrets.token_hex(32),
            clock_path=Path(clock) if clock else None,
            demo=held.get("CONTROLTOWER_DEMO") == "1",
            sim_control_url=held.get("CONTROLTOWER_SIM_CONTROL_URL"),
            secure_cookies=held.get("CONTROLTOWER_SECURE_COOKIES") == "1",
        )
