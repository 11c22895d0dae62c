"""Serves every script and stylesheet from this machine, under names that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import mimetypes
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, send_file, url_for

bp = Blueprint("assets", __name__)

# logical name -> (python package that carries the file, path inside it); see requirements-assets.txt
VENDOR: dict[str, tuple[str, str]] = {
    "htmx": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "plotly": ("plotly", "package_data/plotly.min.js"),
}
FOREVER = "public, max-age=31536000, immutable"
COMPRESSIBLE = {".js", ".css", ".svg", ".json"}


class AssetMissing(RuntimeError):
    """A package that carries a browser asset is not installed, or moved the file."""


@dataclass(frozen=True)
class Asset:
    """One file as the browser asks for it: `url_name` carries twelve digits of its SHA-256."""

    url_name: str
    path: Path


class AssetShelf:
    """Finds assets by logical name and by hashed name; each file is read once and compressed once."""

    def __init__(self, own_folder: Path, gzip_folder: Path) -> None:
        self._own_folder = own_folder
        self._gzip_folder = gzip_folder
        self._by_name: dict[str, Asset] = {}
        self._by_url: dict[str, Asset] = {}
        self._keep_fresh = False

    def named(self, name: str) -> Asset:
        """The asset with that logical name ("htmx") or file name under static/ ("tower.css")."""
        if name not in self._by_name or self._keep_fresh:
            path = vendor_path(name) if name in VENDOR else self._own_folder / name
            asset = Asset(hashed_name(name, path), path)
            self._by_name[name] = self._by_url[asset.url_name] = asset
        return self._by_name[name]

    def at(self, url_name: str) -> Asset | None:
        """The asset with that hashed name; None when no such content is known."""
        if url_name not in self._by_url:
            for name in [*VENDOR, *(path.name for path in self._own_folder.iterdir() if path.is_file())]:
                self.named(name)
        return self._by_url.get(url_name)

    def gzipped(self, asset: Asset) -> Path:
        """A compressed copy, made on first use and kept beside the tower's state."""
        target = self._gzip_folder / f"{asset.url_name}.gz"
        if not target.exists():
            self._gzip_folder.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix(".part")
            part.write_bytes(gzip.compress(asset.path.read_bytes(), compresslevel=6, mtime=0))
            part.replace(target)
        return target

    def follow_changes(self) -> None:
        """Hash again on each use: for people who edit static/ while the tower runs."""
        self._keep_fresh = True


def vendor_path(name: str) -> Path:
    """Where the wheel keeps that file. The package is located, never imported (Django stays out)."""
    package, inside = VENDOR[name]
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder, inside)
        if path.is_file():
            return path
    raise AssetMissing(f"{inside} of package {package} is not installed: see requirements-assets.txt")


def hashed_name(name: str, path: Path) -> str:
    """`tower.css` -> `tower.1a2b3c4d5e6f.css`"""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{Path(name).stem}.{digest}{path.suffix}"


@bp.get("/assets/<url_name>")
def file(url_name: str) -> Response:
    """One asset, for ever: its name changes when its content does."""
    shelf: AssetShelf = current_app.extensions["assets"]
    asset = shelf.at(url_name)
    if asset is None:
        abort(404)
    kind = mimetypes.guess_type(asset.path.name)[0] or "application/octet-stream"
    compress = asset.path.suffix in COMPRESSIBLE and "gzip" in request.headers.get("Accept-Encoding", "")
    response = send_file(shelf.gzipped(asset) if compress else asset.path, mimetype=kind, etag=False)
    if compress:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = FOREVER
    response.headers["Vary"] = "Accept-Encoding"
    return response


def asset_url(shelf: AssetShelf, name: str) -> str:
    """The address a template links to."""
    return url_for("assets.file", url_name=shelf.named(name).url_name)


def register(app: Flask, own_folder: Path, state_dir: Path) -> None:
    """Serve static/ and the wheels' files; give templates `asset(name)`."""
    shelf = AssetShelf(own_folder, state_dir / "assets")
    if app.debug:
        shelf.follow_changes()
    app.extensions["assets"] = shelf
    app.jinja_env.globals["asset"] = partial(asset_url, shelf)
    app.register_blueprint(bp)
