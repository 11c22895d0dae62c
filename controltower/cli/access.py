"""Who may log in and which machines may ask: `user` and `key`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from datetime import datetime, timedelta

from controltower.cli.ground import clock_of, database, settings_for, with_demo, write_down
from controltower.cli.speech import Refused, say, table
from controltower.store import user
from controltower.store.engine import reading, writing
from controltower.store.user import ROLES
from controltower.web.login import hash_password

SHORTEST_PASSWORD = 10


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verbs."""
    people = verbs.add_parser("user", help="people who may log in: add, list, passwd, disable, enable")
    do = people.add_subparsers(metavar="<what>", required=True)
    add = _verb(
        do, "add", add_user, "add a person; the password is asked for, or CONTROLTOWER_PASSWORD, or stdin"
    )
    add.add_argument("name")
    add.add_argument("--roles", required=True, help=f"with commas between: {', '.join(ROLES)}")
    add.add_argument("--full-name", default="")
    add.add_argument(
        "--home", choices=ROLES, default="", help="the desk shown after log-in (the first role's)"
    )
    add.add_argument("--zone", default=None, help="a time zone of their own, such as Europe/Paris")
    _verb(do, "list", list_users, "everybody")
    _verb(do, "passwd", new_password, "give a new password; their sessions end").add_argument("name")
    _verb(do, "disable", disable, "end their sessions and refuse the log-in").add_argument("name")
    _verb(do, "enable", enable, "let them log in again").add_argument("name")
    keys = verbs.add_parser("key", help="keys for machines that ask the API: create, list, revoke")
    do = keys.add_subparsers(metavar="<what>", required=True)
    create = _verb(do, "create", create_key, "make a key; it is shown once and never again")
    create.add_argument("name")
    create.add_argument("--roles", required=True, help=f"with commas between: {', '.join(ROLES)}")
    create.add_argument("--days", type=int, default=0, help="after which it is refused (0: never)")
    _verb(do, "list", list_keys, "all keys, without their secrets")
    _verb(do, "revoke", revoke_key, "refuse a key from now on").add_argument("name")


def _verb(
    group: argparse._SubParsersAction[argparse.ArgumentParser], name: str, do: object, words: str
) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=words, description=words)
    parser.set_defaults(do=do)
    with_demo(parser)
    return parser


def add_user(asked: argparse.Namespace) -> None:
    """Store a new person."""
    settings = settings_for(asked)
    roles = _roles(asked.roles)
    with database(settings) as engine:
        with reading(engine) as connection:
            if user.user_by_name(connection, asked.name):
                raise Refused(f"There is a user {asked.name} already: python app.py user passwd {asked.name}")
        hashed = hash_password(_new_password())
        with writing(engine) as connection:
            user.add_user(
                connection,
                name=asked.name,
                full_name=asked.full_name or asked.name,
                password_hash=hashed,
                roles=roles,
                home=asked.home or asked.roles.split(",")[0].strip(),
                time_zone=asked.zone,
                now=clock_of(settings).now(),
            )
            write_down(connection, settings, "user added", asked.name, asked.roles)
    say(f"{asked.name} may log in as {', '.join(sorted(roles))}.")


def list_users(asked: argparse.Namespace) -> None:
    """Show everybody."""
    with database(settings_for(asked)) as engine, reading(engine) as connection:
        rows = [
            (
                each.name, each.full_name, ",".join(sorted(each.roles)), "yes" if each.active else "no",
                _day(each.last_login_at),
            )
            for each in user.users(connection)
        ]  # fmt: skip
    table(("NAME", "FULL NAME", "ROLES", "ACTIVE", "LAST LOG-IN"), rows)


def new_password(asked: argparse.Namespace) -> None:
    """Replace a password."""
    settings = settings_for(asked)
    with database(settings) as engine:
        with reading(engine) as connection:
            found = _person(user.user_by_name(connection, asked.name), asked.name)
        hashed = hash_password(_new_password())
        with writing(engine) as connection:
            user.set_password(connection, found.id, hashed)
            write_down(connection, settings, "password changed", found.name)
    say(f"{found.name} has a new password; sessions opened with the old one have ended.")


def disable(asked: argparse.Namespace) -> None:
    """Refuse a person's log-in."""
    _set_active(asked, False)
    say(f"{asked.name} can no longer log in.")


def enable(asked: argparse.Namespace) -> None:
    """Let a person log in again."""
    _set_active(asked, True)
    say(f"{asked.name} may log in again.")


def create_key(asked: argparse.Namespace) -> None:
    """Make a key and show it this once."""
    settings = settings_for(asked)
    now = clock_of(settings).now()
    expires = now + timedelta(days=asked.days) if asked.days else None
    roles = _roles(asked.roles)
    with database(settings) as engine, writing(engine) as connection:
        if any(each.name == asked.name for each in user.keys(connection)):
            raise Refused(f"There is a key named {asked.name} already, in use or revoked: take another name")
        _, key = user.add_key(connection, name=asked.name, roles=roles, now=now, expires_at=expires)
        write_down(connection, settings, "key created", asked.name, asked.roles)
    say(key)


def list_keys(asked: argparse.Namespace) -> None:
    """Show all keys."""
    with database(settings_for(asked)) as engine, reading(engine) as connection:
        rows = [
            (
                each.name, ",".join(sorted(each.roles)), _day(each.created_at), _day(each.expires_at),
                _day(each.last_used_at), _day(each.revoked_at),
            )
            for each in user.keys(connection)
        ]  # fmt: skip
    table(("NAME", "ROLES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"), rows)


def revoke_key(asked: argparse.Namespace) -> None:
    """Refuse a key from now on."""
    settings = settings_for(asked)
    with database(settings) as engine, writing(engine) as connection:
        found = next((each for each in user.keys(connection) if each.name == asked.name), None)
        if found is None:
            raise Refused(f"There is no key named {asked.name}: python app.py key list")
        user.revoke_key(connection, found.id, clock_of(settings).now())
        write_down(connection, settings, "key revoked", asked.name)
    say(f"{asked.name} is refused from now on.")


def _set_active(asked: argparse.Namespace, active: bool) -> None:
    settings = settings_for(asked)
    with database(settings) as engine, writing(engine) as connection:
        found = _person(user.user_by_name(connection, asked.name), asked.name)
        user.set_active(connection, found.id, active)
        write_down(connection, settings, "user enabled" if active else "user disabled", found.name)


def _person(found: user.User | None, name: str) -> user.User:
    if found is None:
        raise Refused(f"There is no user {name}: python app.py user list")
    return found


def _roles(text: str) -> set[str]:
    roles = {role.strip() for role in text.split(",") if role.strip()}
    try:
        user.role_text(roles)
    except ValueError as error:
        raise Refused(str(error)) from None
    return roles


def _new_password() -> str:
    """From CONTROLTOWER_PASSWORD, from a pipe, or typed twice: never from the command line, which others can read."""
    password = os.environ.get("CONTROLTOWER_PASSWORD") or _told()
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(f"A password needs {SHORTEST_PASSWORD} characters or more.")
    return password


def _told() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise Refused("The two are not the same.")
    return first


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
