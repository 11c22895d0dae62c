"""The command line: one verb per job."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from controltower.cli import access, fault, ledger, notify, running, score
from controltower.cli.speech import Refused, complain
from controltower.landscape_files import ConfigurationError

EPILOG = """
Settings come from the environment: DATABASE_URL, CONTROLTOWER_CONFIG (config/), CONTROLTOWER_STATE (var/),
CONTROLTOWER_SECRET_KEY, CONTROLTOWER_LOG (text or json). Each may be named with _FILE at its end to be read
from a file where it is a secret.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns the exit status: 0 done, 1 not done, 2 not understood."""
    asked = _parser().parse_args(words)
    try:
        return int(asked.do(asked) or 0)
    except Refused as refused:
        complain(str(refused))
    except ConfigurationError as error:
        complain(f"The configuration cannot be used:\n{error}")
    except SQLAlchemyError as error:
        complain(f"The database does not do it: {getattr(error, 'orig', None) or type(error).__name__}")
    except KeyboardInterrupt:
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python app.py", description="Control Tower", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verbs = parser.add_subparsers(title="verbs", metavar="<verb>", required=True)
    for group in (running, ledger, access, notify, fault, score):
        group.add_verbs(verbs)
    return parser
