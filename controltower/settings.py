"""What the operator sets in the environment, read once and frozen."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`sim_control_url` and `clock_path` are set only in a demo. `secret_key` may be empty: see `session_key`."""

    database_url: str = field(repr=False)  # may hold a password
    config_dir: Path
    state_dir: Path
    secret_key: str = field(repr=False)
    clock_path: Path | None = None
    demo: bool = False
    sim_control_url: str | None = None
    sim_control_token: str = field(default="", repr=False)
    secure_cookies: bool = False
    public_url: str = ""  # under which people reach the tower, for links in what they are sent
    otlp_endpoint: str = ""  # of an OpenTelemetry collector; without one no span leaves the tower

    @classmethod
    def from_environment(cls, held: Mapping[str, str] = os.environ) -> Settings:
        """Read CONTROLTOWER_* and DATABASE_URL; what is not set falls back to a local, embedded tower."""
        state = Path(held.get("CONTROLTOWER_STATE") or "var")
        clock = held.get("CONTROLTOWER_CLOCK")
        return cls(
            database_url=secret(held, "DATABASE_URL") or f"sqlite:///{state}/tower.db",
            config_dir=Path(held.get("CONTROLTOWER_CONFIG") or "config"),
            state_dir=state,
            secret_key=secret(held, "CONTROLTOWER_SECRET_KEY"),
            clock_path=Path(clock) if clock else None,
            demo=held.get("CONTROLTOWER_DEMO") == "1",
            sim_control_url=held.get("CONTROLTOWER_SIM_CONTROL_URL"),
            sim_control_token=secret(held, "SIM_CONTROL_TOKEN"),
            secure_cookies=held.get("CONTROLTOWER_SECURE_COOKIES") == "1",
            public_url=held.get("CONTROLTOWER_PUBLIC_URL", ""),
            otlp_endpoint=held.get("CONTROLTOWER_OTLP_ENDPOINT")
            or held.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            or held.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        )

    def session_key(self) -> str:
        """The key that signs sessions: as given, else made once and kept in the state directory (mode 600)."""
        return self.secret_key or kept_secret(self.state_dir / "secret_key")


def secret(held: Mapping[str, str], name: str) -> str:
    """The value of NAME, or what the file named by NAME_FILE holds; "" when neither is set.

    Raises OSError when the file cannot be read."""
    file = held.get(f"{name}_FILE")
    return held.get(name) or (Path(file).read_text(encoding="utf-8").strip() if file else "")


def kept_secret(path: Path) -> str:
    """256 random bits in a file that only its owner may read; made on first use, the same for every later caller."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(secrets.token_hex(32))
        # A link fails where another process was first: then its key is the one.
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    return path.read_text(encoding="utf-8").strip()
