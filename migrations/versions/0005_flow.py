"""Flows: where each subject stands in them, where they wait, what they add up to, and what people decided.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUE, RUNNING, ROUTED = sa.text("due_at IS NOT NULL"), sa.text("state = 'running'"), sa.text("route != ''")


def upgrade() -> None:
    _flow()
    _flow_waiting()
    _flow_figure()
    _flow_act()


def _flow() -> None:
    op.create_table(
        "flow",
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("flow", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("day", NAME, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("promise_at", sa.BigInteger(), nullable=True),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plant", "subject", "flow", name=op.f("pk_flow")),
    )
    op.create_index("ix_flow_due", "flow", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_flow_listing", "flow", ["flow", "state", "began_at", "subject"])
    promise = ["flow", "plant", "promise_at"]
    op.create_index("ix_flow_promise", "flow", promise, sqlite_where=RUNNING, postgresql_where=RUNNING)


def _flow_waiting() -> None:
    op.create_table(
        "flow_waiting",
        sa.Column("plant", NAME, nullable=False),
        sa.Column("flow", NAME, nullable=False),
        sa.Column("step", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("wrong", sa.Boolean(), nullable=False),
        sa.Column("route", NAME, nullable=False),
        sa.PrimaryKeyConstraint("plant", "flow", "step", "subject", name=op.f("pk_flow_waiting")),
    )
    op.create_index("ix_flow_waiting_step", "flow_waiting", ["flow", "step", "since"])
    op.create_index(
        "ix_flow_waiting_route", "flow_waiting", ["route"], sqlite_where=ROUTED, postgresql_where=ROUTED
    )


def _flow_figure() -> None:
    op.create_table(
        "flow_figure",
        sa.Column("flow", NAME, nullable=False),
        sa.Column("day", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("flow", "day", "plant", "name", "bucket", name=op.f("pk_flow_figure")),
    )


def _flow_act() -> None:
    op.create_table(
        "flow_act",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("flow", NAME, nullable=False),
        sa.Column("step", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_act")),
    )
    op.create_index("ix_flow_act_subject", "flow_act", ["plant", "subject", "id"])


def downgrade() -> None:
    for table in ("flow_act", "flow_figure", "flow_waiting", "flow"):
        op.drop_table(table)
