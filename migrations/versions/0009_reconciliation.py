"""What comparing whole systems found, and the state of connections, subscriptions and credentials.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _comparison()
    _difference()
    _connection()
    op.add_column("channel", sa.Column("bad_signatures", sa.Integer(), nullable=False, server_default="0"))


def _comparison() -> None:
    op.create_table(
        "comparison",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison")),
    )
    op.create_index("ix_comparison_system_id", "comparison", ["system", "id"])


def _difference() -> None:
    op.create_table(
        "difference",
        sa.Column("system", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("system", "plant", "subject", name=op.f("pk_difference")),
        sqlite_with_rowid=False,
    )


def _connection() -> None:
    op.create_table(
        "connection",
        sa.Column("system", NAME, nullable=False),
        sa.Column("probed_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("version_before", NAME, nullable=False),
        sa.Column("version_at", sa.BigInteger(), nullable=True),
        sa.Column("environment", NAME, nullable=False),
        sa.Column("instance", NAME, nullable=False),
        sa.Column("instance_at", sa.BigInteger(), nullable=True),
        sa.Column("credential_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("certificate_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("settings", NAME, nullable=False),
        sa.Column("settings_agreed", NAME, nullable=False),
        sa.Column("settings_at", sa.BigInteger(), nullable=True),
        sa.Column("subscriptions", sa.Text(), nullable=True),
        sa.Column("subscribed_at", sa.BigInteger(), nullable=True),
        sa.Column("unsubscribed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_connection")),
    )


def downgrade() -> None:
    with op.batch_alter_table("channel") as table:
        table.drop_column("bad_signatures")
    op.drop_table("connection")
    op.drop_table("difference")
    op.drop_table("comparison")
