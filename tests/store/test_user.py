"""People and keys: what is kept of them, and who may use what until when."""

import datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from controltower.store import user
from controltower.store.engine import reading, writing

NOW = datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def add(engine: Engine, name: str = "Paula", roles: frozenset[str] = frozenset({"planner"})) -> int:
    with writing(engine) as connection:
        return user.add_user(
            connection, name=name, full_name="Paula P", password_hash="hash", roles=set(roles), now=NOW
        )


def test_a_person_is_found_by_name_in_any_case(engine: Engine) -> None:
    number = add(engine, roles=frozenset({"planner", "admin"}))
    with reading(engine) as connection:
        found = user.user_by_name(connection, "PAULA ")
        assert found == user.user_by_id(connection, number)
        assert found is not None
        assert (found.name, found.roles, found.created_at) == ("paula", {"planner", "admin"}, NOW)
        assert user.user_by_name(connection, "nobody") is None


def test_a_name_is_given_once(engine: Engine) -> None:
    add(engine)
    with pytest.raises(IntegrityError):
        add(engine, name="PAULA")


@pytest.mark.parametrize("roles", [frozenset(), frozenset({"king"})])
def test_unknown_roles_are_refused(engine: Engine, roles: frozenset[str]) -> None:
    with pytest.raises(ValueError, match="roles must be some of"):
        add(engine, roles=roles)


def test_logins_and_passwords_are_noted(engine: Engine) -> None:
    number = add(engine)
    with writing(engine) as connection:
        user.note_login(connection, number, NOW + DAY)
        user.set_password(connection, number, "another")
        user.set_active(connection, number, False)
    with reading(engine) as connection:
        (found,) = user.users(connection)
        assert (found.last_login_at, found.password_hash, found.active) == (NOW + DAY, "another", False)


def test_a_key_is_kept_only_as_a_hash(engine: Engine) -> None:
    with writing(engine) as connection:
        number, key = user.add_key(connection, name="sap", roles={"integration"}, now=NOW)
    with reading(engine) as connection:
        row = connection.execute(select(user.api_key_table)).one()
        assert key not in str(tuple(row))
        found = user.key_for(connection, key, NOW)
        assert found is not None
        assert (found.id, found.roles) == (number, {"integration"})
        assert user.key_for(connection, key + "x", NOW) is None


def test_a_key_ends_by_date_or_by_hand(engine: Engine) -> None:
    with writing(engine) as connection:
        number, key = user.add_key(connection, name="sap", roles={"admin"}, now=NOW, expires_at=NOW + DAY)
        assert user.key_for(connection, key, NOW + DAY) is None
        user.note_key_use(connection, number, NOW)
        user.revoke_key(connection, number, NOW)
        assert user.key_for(connection, key, NOW) is None
        assert user.keys(connection)[0].last_used_at == NOW
