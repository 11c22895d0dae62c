"""The ledger: inbox, events, beliefs, drift, expectations, exceptions, sources, people."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Byte order on both databases, so that a range over a prefix of keys means the same.
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for create in TABLES.values():
        create()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.String(length=160), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)


def _belief() -> None:
    op.create_table(
        "belief",
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("attribute", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("value", NAME, nullable=False),
        sa.Column("unit", NAME, nullable=False),
        sa.Column("native", NAME, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("sequence", SERIAL, nullable=True),
        sa.Column("learnt_at", sa.BigInteger(), nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("plant", "subject", "attribute", "system", name=op.f("pk_belief")),
        sqlite_with_rowid=False,
    )


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("system", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("last_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_message_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("error_kind", NAME, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("messages", SERIAL, nullable=False),
        sa.Column("duplicates", SERIAL, nullable=False),
        sa.Column("refused", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("system", "channel", name=op.f("pk_channel")),
    )


def _delivery_key() -> None:
    op.create_table(
        "delivery_key",
        sa.Column("system", NAME, nullable=False),
        sa.Column("delivery", NAME, nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.PrimaryKeyConstraint("system", "delivery", name=op.f("pk_delivery_key")),
        sqlite_with_rowid=False,
    )


def _drift() -> None:
    op.create_table(
        "drift",
        sa.Column("id", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("attribute", NAME, nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("follower", NAME, nullable=False),
        sa.Column("owner_value", sa.Text(), nullable=False),
        sa.Column("follower_value", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("learnt_at", sa.BigInteger(), nullable=False),
        sa.Column("allowed_until", sa.BigInteger(), nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_message", SERIAL, nullable=True),
        sa.Column("closed_n", sa.Integer(), nullable=True),
        sa.Column("lag", sa.Float(), nullable=True),
        sa.Column("cause", NAME, nullable=False),
        sa.Column("why", NAME, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "plant", name=op.f("pk_drift")),
    )
    op.create_index(
        "ix_drift_closed",
        "drift",
        ["closed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'closed'"),
        postgresql_where=sa.text("state = 'closed'"),
    )
    op.create_index(
        "ix_drift_due",
        "drift",
        ["state", "allowed_until"],
        unique=False,
        sqlite_where=sa.text("state != 'closed'"),
        postgresql_where=sa.text("state != 'closed'"),
    )
    op.create_index("ix_drift_plant_subject", "drift", ["plant", "subject"], unique=False)


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("message", SERIAL, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("source_id", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("occurred_text", NAME, nullable=False),
        sa.Column("learnt_at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", SERIAL, nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("correlation", NAME, nullable=False),
        sa.Column("trace", NAME, nullable=False),
        sa.PrimaryKeyConstraint("message", "n", "plant", name=op.f("pk_event")),
    )
    op.create_index("ix_event_plant_subject", "event", ["plant", "subject", "message", "n"], unique=False)


def _event_key() -> None:
    op.create_table(
        "event_key",
        sa.Column("system", NAME, nullable=False),
        sa.Column("source_id", NAME, nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("fingerprint", NAME, nullable=False),
        sa.PrimaryKeyConstraint("system", "source_id", name=op.f("pk_event_key")),
        sqlite_with_rowid=False,
    )


def _exception() -> None:
    op.create_table(
        "exception",
        sa.Column("id", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", NAME, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("team", NAME, nullable=False),
        sa.Column("tier", NAME, nullable=False),
        sa.Column("cause", NAME, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", "plant", name=op.f("pk_exception")),
    )
    op.create_index(
        "ix_exception_open",
        "exception",
        ["opened_at"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_exception_opened_at", "exception", ["opened_at"], unique=False)
    op.create_index("ix_exception_plant_subject", "exception", ["plant", "subject"], unique=False)


def _exception_action() -> None:
    op.create_table(
        "exception_action",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("exception", NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exception_action")),
    )
    op.create_index(op.f("ix_exception_action_exception"), "exception_action", ["exception"], unique=False)


def _expectation() -> None:
    op.create_table(
        "expectation",
        sa.Column("id", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("trigger_event", NAME, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("met_at", sa.BigInteger(), nullable=True),
        sa.Column("met_by", NAME, nullable=False),
        sa.Column("awaits", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", "plant", name=op.f("pk_expectation")),
    )
    op.create_index(
        "ix_expectation_due",
        "expectation",
        ["state", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'missed') AND met_at IS NULL"),
        postgresql_where=sa.text("state IN ('waiting', 'missed') AND met_at IS NULL"),
    )
    op.create_index("ix_expectation_plant_subject", "expectation", ["plant", "subject"], unique=False)


def _hearing() -> None:
    op.create_table(
        "hearing",
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("learnt_at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", SERIAL, nullable=True),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plant", "subject", "system", name=op.f("pk_hearing")),
        sqlite_with_rowid=False,
    )


def _holding() -> None:
    op.create_table(
        "holding",
        sa.Column("system", NAME, nullable=False),
        sa.Column("resource", NAME, nullable=False),
        sa.Column("native_id", NAME, nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.PrimaryKeyConstraint("system", "resource", "native_id", name=op.f("pk_holding")),
        sqlite_with_rowid=False,
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", NAME, nullable=False),
        sa.Column("holder", NAME, nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("resource", NAME, nullable=False),
        sa.Column("change", NAME, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("content_type", NAME, nullable=False),
        sa.Column("delivery", NAME, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Text(), nullable=True),
        sa.Column("conflicts", sa.Text(), nullable=True),
        sa.Column("original", SERIAL, nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=True),
        sa.Column("trace", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", "plant", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_faulty",
        "message",
        ["system", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('parked', 'partly', 'rejected')"),
        postgresql_where=sa.text("state IN ('parked', 'partly', 'rejected')"),
    )
    op.create_index("ix_message_system_id", "message", ["system", "id"], unique=False)
    op.create_index(
        "ix_message_waiting",
        "message",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )


def _outage() -> None:
    op.create_table(
        "outage",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_index("ix_outage_system_began_at", "outage", ["system", "began_at"], unique=False)


def _payload() -> None:
    op.create_table(
        "payload",
        sa.Column("message", SERIAL, autoincrement=False, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message", "plant", name=op.f("pk_payload")),
    )


def _poll_cursor() -> None:
    op.create_table(
        "poll_cursor",
        sa.Column("system", NAME, nullable=False),
        sa.Column("resource", NAME, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "resource", name=op.f("pk_poll_cursor")),
    )


def _user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("full_name", sa.String(length=160), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("roles", sa.String(length=160), nullable=False),
        sa.Column("home", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )


TABLES = {
    "api_key": _api_key,
    "audit": _audit,
    "belief": _belief,
    "channel": _channel,
    "delivery_key": _delivery_key,
    "drift": _drift,
    "event": _event,
    "event_key": _event_key,
    "exception": _exception,
    "exception_action": _exception_action,
    "expectation": _expectation,
    "hearing": _hearing,
    "holding": _holding,
    "lease": _lease,
    "message": _message,
    "outage": _outage,
    "payload": _payload,
    "poll_cursor": _poll_cursor,
    "user": _user,
}
