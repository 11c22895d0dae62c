"""Latencies as mergeable sketches, backlogs minute by minute, calls and their failures, clocks.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _latency()
    _backlog()
    _call_count()
    _call_failure()
    _clock_offset()


def _latency() -> None:
    op.create_table(
        "latency",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "span", "kind", "at", "name", "target", "plant", "bucket", name=op.f("pk_latency")
        ),
        sqlite_with_rowid=False,
    )


def _backlog() -> None:
    op.create_table(
        "backlog",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("oldest", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("span", "at", "kind", "name", "target", name=op.f("pk_backlog")),
        sqlite_with_rowid=False,
    )


def _call_count() -> None:
    op.create_table(
        "call_count",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("way", NAME, nullable=False),
        sa.Column("route", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("error", NAME, nullable=False),
        sa.Column("fingerprint", NAME, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "at", "system", "way", "route", "status", "error", "fingerprint", name=op.f("pk_call_count")
        ),
        sqlite_with_rowid=False,
    )


def _call_failure() -> None:
    op.create_table(
        "call_failure",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("way", NAME, nullable=False),
        sa.Column("route", NAME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error", NAME, nullable=False),
        sa.Column("fingerprint", NAME, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reference", SERIAL, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_failure")),
    )
    op.create_index("ix_call_failure_fingerprint_at", "call_failure", ["fingerprint", "at"])
    op.create_index("ix_call_failure_at", "call_failure", ["at"])


def _clock_offset() -> None:
    op.create_table(
        "clock_offset",
        sa.Column("system", NAME, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_clock_offset")),
    )


def downgrade() -> None:
    for table in ("clock_offset", "call_failure", "call_count", "backlog", "latency"):
        op.drop_table(table)
