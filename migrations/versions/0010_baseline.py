"""How often each source speaks by the hour of the week, heartbeats and canary orders.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("system", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("slot_at", sa.BigInteger(), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.Column("peak", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("system", "channel", name=op.f("pk_pace")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "baseline",
        sa.Column("system", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "channel", "hour", name=op.f("pk_baseline")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heartbeat",
        sa.Column("system", NAME, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_heartbeat")),
    )

    op.create_table(
        "canary",
        sa.Column("id", NAME, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("back_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary")),
    )
    op.create_index("ix_canary_system_sent_at", "canary", ["system", "sent_at"])


def downgrade() -> None:
    for table in ("canary", "heartbeat", "baseline", "pace"):
        op.drop_table(table)
