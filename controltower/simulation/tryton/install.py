"""Installs Tryton into an environment of its own and keeps one activated database as a template.

Tryton is GPL software: it is run as a separate process and spoken to over HTTP, never imported.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

STATE_VARIABLE = "TRYTON_STATE"
DEFAULT_STATE = Path("var/tryton")
PINS = (
    "trytond==8.0.12",
    "trytond-production==8.0.2",
    "trytond-production-routing==8.0.0",
    "trytond-production-work==8.0.0",
    "trytond-stock==8.0.5",
    "trytond-purchase==8.0.3",
    "trytond-quality==8.0.1",
)
MODULES = ("production_work", "purchase", "quality")

Say = Callable[[str], None]


class InstallationFailed(Exception):
    """Tryton could not be installed or its database not made: the message says which step failed and why."""


@dataclass(frozen=True)
class Installation:
    """Where one installed Tryton lives: its programs, template database and administrator's password."""

    state: Path

    @property
    def programs(self) -> Path:
        return self.state / "venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def template(self) -> Path:
        return self.state / "template.sqlite"

    @property
    def admin_password(self) -> str:
        return (self.state / "admin_password").read_text(encoding="utf-8").strip()


def state_directory() -> Path:
    """The directory of the shared installation: TRYTON_STATE, else var/tryton."""
    return Path(os.environ.get(STATE_VARIABLE) or DEFAULT_STATE).absolute()


def ensure_installed(state: Path | None = None, say: Say = print) -> Installation:
    """Install on first use (under a minute with a near package index); later calls return at once.

    Raises InstallationFailed with a plain message.
    """
    installation = Installation((state or state_directory()).absolute())
    installation.state.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(installation.state / "install.lock"):
        _install_packages(installation, say)
        _create_template(installation, say)
    return installation


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_stamped(path: Path, fingerprint: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == fingerprint


def _install_packages(installation: Installation, say: Say) -> None:
    stamp, fingerprint = installation.state / "packages.stamp", _fingerprint(*PINS)
    if _is_stamped(stamp, fingerprint):
        return
    environment = installation.state / "venv"
    shutil.rmtree(environment, ignore_errors=True)
    uv = shutil.which("uv")  # where there is one: it takes three seconds in place of twenty-five
    say(f"tryton: creating {environment}")
    maker = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    _run([*maker, str(environment)])
    say(f"tryton: installing {len(PINS)} pinned packages and what they need")
    python = str(installation.programs / "python")
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    _run([*pip, "--quiet", *PINS])
    stamp.write_text(fingerprint, encoding="utf-8")


def _create_template(installation: Installation, say: Say) -> None:
    stamp = installation.state / "template.stamp"
    fingerprint = _fingerprint(*PINS, *MODULES)
    if _is_stamped(stamp, fingerprint) and installation.template.exists():
        return
    say(f"tryton: activating {', '.join(MODULES)} in a new database (20 to 90 seconds)")
    password = _admin_password_file(installation.state)
    building = installation.state / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    (building / "template.sqlite").touch()
    _activate(installation, building, password)
    (building / "template.sqlite").replace(installation.template)
    shutil.rmtree(building)
    stamp.write_text(fingerprint, encoding="utf-8")
    say("tryton: template database ready")


def _activate(installation: Installation, directory: Path, password: Path) -> None:
    configuration = directory / "trytond.conf"
    configuration.write_text(f"[database]\nuri = sqlite://\npath = {directory}\n", encoding="utf-8")
    command = [str(installation.programs / "trytond-admin"), "-c", str(configuration), "-d", "template"]
    options = ["--email", "admin@example.com", "--activate-dependencies", "-u", *MODULES]
    _run([*command, *options], TRYTONPASSFILE=str(password), PYTHONHASHSEED="0")


def _admin_password_file(state: Path) -> Path:
    path = state / "admin_password"
    if (
        path.exists()
    ):  # kept when the template is made anew: databases copied from the old one still ask for it
        return path
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(18))
    return path


def _run(command: list[str], **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-1500:]
        raise InstallationFailed(f"{Path(command[0]).name} {' '.join(command[1:4])} ... failed:\n{words}")
