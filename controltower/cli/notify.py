"""`notify`: whether people can be reached."""

from __future__ import annotations

import argparse

from controltower import assembly
from controltower.cli.ground import account, database, settings_for, with_demo
from controltower.cli.speech import Refused, say
from controltower.connectors.letter import NotSent
from controltower.pipeline import notify


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verb."""
    words = "send a test over a channel of notify.toml: notify test CHANNEL"
    parser = verbs.add_parser("notify", help=words, description=words)
    do = parser.add_subparsers(metavar="<what>", required=True)
    test = do.add_parser("test", help="send a test at once and say what the channel said")
    test.add_argument("channel")
    test.add_argument("--to", default="", help="a mail address; else the first who is told over the channel")
    test.set_defaults(do=send_test)
    with_demo(test)


def send_test(asked: argparse.Namespace) -> None:
    """Send one message that says it is a test."""
    settings = settings_for(asked)
    with database(settings) as engine:
        tower = assembly.open_tower(settings, engine)
        try:
            said = notify.test(tower, asked.channel, asked.to, account())
        except LookupError:
            known = ", ".join(tower.landscape.channels) or "none is declared in notify.toml"
            raise Refused(f"There is no channel {asked.channel}. Known: {known}") from None
        except NotSent as trouble:
            raise Refused(f"The test over {asked.channel} did not go: {trouble}") from None
    say(f"The test over {asked.channel} was {said}.")
