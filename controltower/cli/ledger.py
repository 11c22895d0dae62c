"""What an operator does to the ledger by hand: `check`, `migrate`, `poll`, `reprocess`."""

from __future__ import annotations

import argparse
import os

from controltower import assembly, landscape_files, logs
from controltower.cli.ground import database, settings_for, with_demo, write_down
from controltower.cli.speech import Refused, complain, say
from controltower.landscape_files import ERROR
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.poll import poll
from controltower.pipeline.reconcile import ask, reconcile
from controltower.pipeline.reprocess import parked_ids, reprocess, reprocess_messages
from controltower.pipeline.tower import Tower
from controltower.store import channel, comparison, engine, message, migration


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verbs."""
    parser = verbs.add_parser("check", help="find every mistake in the configuration: file, place, cure")
    parser.set_defaults(do=check)
    with_demo(parser)
    parser = verbs.add_parser("migrate", help="bring the database to the newest migration")
    parser.set_defaults(do=migrate)
    with_demo(parser)
    parser = verbs.add_parser("poll", help="read one source now and tell what came")
    parser.add_argument("system")
    parser.set_defaults(do=poll_now)
    with_demo(parser)
    parser = verbs.add_parser("reconcile", help="compare all that a system holds with what is believed of it")
    parser.add_argument("system")
    parser.set_defaults(do=reconcile_now)
    with_demo(parser)
    parser = verbs.add_parser(
        "reprocess", help="tell the ledger again from the inbox, or parked messages in place"
    )
    parser.add_argument(
        "--message", type=int, action="append", default=[], metavar="ID", help="only this parked one"
    )
    parser.add_argument("--parked", metavar="SYSTEM", default="", help="only what is parked of one system")
    parser.set_defaults(do=reprocess_now)
    with_demo(parser)


def check(asked: argparse.Namespace) -> int:
    """Tell every mistake; 1 when one of them stops the tower."""
    settings = settings_for(asked)
    problems = landscape_files.check(settings.config_dir, os.environ)
    for problem in problems:
        complain(str(problem))
    errors = sum(problem.severity == ERROR for problem in problems)
    say(f"{settings.config_dir}: {_counted(errors, 'error')}, {_counted(len(problems) - errors, 'warning')}")
    return 1 if errors else 0


def migrate(asked: argparse.Namespace) -> None:
    """Bring the schema up to date."""
    settings = settings_for(asked)
    engine.upgrade(settings.database_url)
    say(f"The database is at migration {migration.newest()}.")


def poll_now(asked: argparse.Namespace) -> int:
    """One look at one source. A worker's look at the same moment does no harm: what is stored is told by content."""
    logs.configure()
    settings = settings_for(asked)
    with database(settings) as connected:
        tower = assembly.open_tower(settings, connected)
        polled = [system.id for system in tower.landscape.systems.values() if system.polling]
        if asked.system not in polled:
            raise Refused(f"{asked.system} is not polled. Polled are: {', '.join(polled) or 'none'}")
        before = _newest(tower, asked.system)
        wait = poll(tower, asked.system)
        return _tell_poll(tower, asked.system, before, wait)


def _newest(tower: Tower, system: str) -> int:
    with engine.reading(tower.engine) as connection:
        found = message.listing(connection, system=system, limit=1)
    return found[0].id if found else 0


def _tell_poll(tower: Tower, system: str, before: int, wait: float) -> int:
    with engine.reading(tower.engine) as connection:
        state = channel.get(connection, system, channel.POLL)
        found = message.listing(connection, system=system, channel=channel.POLL, limit=500)
    came = [each for each in reversed(found) if each.id > before]
    for each in came:
        say(f"{each.resource}: message {each.id}, {each.size} bytes{', of deletions' if each.change else ''}")
    if state.failures:
        complain(f"{system} did not answer: {state.last_error}. Its turn comes again in {wait:.0f} s")
        return 1
    say(f"{system} answered; {_counted(len(came), 'message')} came, the rest is as it was at the last look.")
    return 0


def reconcile_now(asked: argparse.Namespace) -> int:
    """One comparison, here and now; 1 when something differs or the system does not answer."""
    logs.configure()
    settings = settings_for(asked)
    with database(settings) as connected:
        tower = assembly.open_tower(settings, connected)
        try:
            id = ask(tower, asked.system, "command line")
        except LookupError:
            raise Refused(f"{asked.system} is not declared.") from None
        except NotPossible as impossible:
            raise Refused(str(impossible)) from None
        with engine.reading(connected) as connection:
            run = comparison.get(connection, id)
        return _tell_run(reconcile(tower, run)) if run else 1


def _tell_run(run: comparison.Run) -> int:
    if run.state == comparison.FAILED:
        complain(f"{run.system} was not compared: {run.words}")
        return 1
    counts = dict(run.counts)
    differing = counts.pop("differences", {})
    for kind, each in counts.items():
        names = "the same names" if each["keys"] else "other names"
        say(f"{kind}: {each['there']} there, {each['here']} here, {names}")
    for what, many in differing.items():
        say(f"{many} {what}")
    say(f"{_counted(run.read, 'record')} compared, {sum(differing.values()) or 'no'} differences.")
    return int(bool(differing))


def reprocess_now(asked: argparse.Namespace) -> None:
    """Rebuild the ledger, or translate some parked messages again."""
    logs.configure()
    settings = settings_for(asked)
    with database(settings) as connected:
        tower = assembly.open_tower(settings, connected)
        count, what = _tell_again(tower, asked.message, asked.parked)
        with engine.writing(connected) as connection:
            write_down(connection, settings, "reprocessed", asked.parked or "inbox", _counted(count, what))
    say(f"{_counted(count, what)} told again.")


def _tell_again(tower: Tower, ids: list[int], parked: str) -> tuple[int, str]:
    if ids or parked:
        chosen = [*ids, *(parked_ids(tower, parked) if parked else ())]
        return reprocess_messages(tower, chosen), "parked message"
    return reprocess(tower, _show_progress), "message"


def _show_progress(done: int, total: int) -> None:
    say(f"{done} of {total}")


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"
