"""The door to the tower: `app` for a WSGI server, `python app.py <verb>` for people."""

import sys
from typing import Any


def __getattr__(name: str) -> Any:
    """Put `app` together when a server first asks for it, so that `--help` connects to nothing."""
    if name != "app":
        raise AttributeError(name)
    from controltower.assembly import open_app

    globals()["app"] = open_app()
    return globals()["app"]


if __name__ == "__main__":
    from controltower.cli import main

    sys.exit(main())
