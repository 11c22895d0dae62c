"""Connections that cannot stall the others."""

from sqlalchemy import text

from controltower.store.engine import connect, reading


def test_a_transaction_that_nobody_goes_on_with_ends(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with reading(engine) as connection:
        held = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
    engine.dispose()
    assert held == "5min"
