"""The way out: deliveries, their attempts, and the gate in front of each target.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _attempt()
    _delivery()
    _delivery_indexes()
    _gate()


def downgrade() -> None:
    for table in ("gate", "delivery", "attempt"):
        op.drop_table(table)


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("delivery", SERIAL, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", NAME, nullable=False),
        sa.Column("worker", NAME, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("milliseconds", sa.Float(), nullable=True),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("error", NAME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("delivery", "n", name=op.f("pk_attempt")),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("route", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("event", NAME, nullable=False),
        sa.Column("message", SERIAL, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", SERIAL, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("trace", NAME, nullable=False),
        sa.Column("tier", NAME, nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", NAME, nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("error", NAME, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("failure_group", NAME, nullable=False),
        sa.Column("first_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("applied_by", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("original", SERIAL, nullable=True),
        sa.Column("replaced_by", SERIAL, nullable=True),
        sa.Column("author", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("run", SERIAL, nullable=True),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", "plant", name=op.f("pk_delivery")),
    )


def _delivery_indexes() -> None:
    op.create_index(
        "ix_delivery_applied_by",
        "delivery",
        ["applied_by"],
        unique=False,
        sqlite_where=sa.text("applied_by IS NOT NULL"),
        postgresql_where=sa.text("applied_by IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_claim",
        "delivery",
        ["target", "state", "next_at", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'retrying', 'unknown', 'sending')"),
        postgresql_where=sa.text("state IN ('pending', 'retrying', 'unknown', 'sending')"),
    )
    op.create_index("ix_delivery_event", "delivery", ["event"], unique=False)
    op.create_index(
        "ix_delivery_group",
        "delivery",
        ["failure_group", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_delivery_lane",
        "delivery",
        ["plant", "subject", "target", "ordinal"],
        unique=False,
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live = 1"),
    )
    op.create_index(
        "ix_delivery_run",
        "delivery",
        ["run", "id"],
        unique=False,
        sqlite_where=sa.text("run IS NOT NULL"),
        postgresql_where=sa.text("run IS NOT NULL"),
    )
    op.create_index("ix_delivery_subject", "delivery", ["plant", "subject", "id"], unique=False)
    op.create_index("ix_delivery_target_state", "delivery", ["target", "state", "id"], unique=False)
    op.create_index("ix_delivery_trace", "delivery", ["trace"], unique=False)


def _gate() -> None:
    op.create_table(
        "gate",
        sa.Column("target", NAME, nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_by", NAME, nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("recent", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("probe_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_until", sa.BigInteger(), nullable=True),
        sa.Column("drains_from", sa.BigInteger(), nullable=True),
        sa.Column("budget", sa.Float(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_gate")),
    )
