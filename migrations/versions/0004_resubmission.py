"""Resubmissions of many: runs with their frozen sets.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "resubmission",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("include", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resubmission")),
    )
    op.create_index("ix_resubmission_state", "resubmission", ["state", "id"], unique=False)
    op.create_table(
        "resubmission_item",
        sa.Column("run", SERIAL, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery", SERIAL, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("verdict", NAME, nullable=False),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("new_delivery", SERIAL, nullable=True),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", "n", name=op.f("pk_resubmission_item")),
    )
    op.create_index("ix_resubmission_item_batch", "resubmission_item", ["run", "batch"], unique=False)
    op.create_index(
        "ix_resubmission_item_outcome", "resubmission_item", ["run", "outcome", "n"], unique=False
    )


def downgrade() -> None:
    for table in ("resubmission_item", "resubmission"):
        op.drop_table(table)
