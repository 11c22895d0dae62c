"""Exceptions have a life: suppressed by planned outages, released, returned; and the outages that people declare.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEW = ("suppressed_until", "suppressed_by", "released_at", "remark", "returns")
INDEXES = (
    ("ix_exception_open_child", ["parent"], "resolved_at IS NULL AND parent != ''"),
    ("ix_exception_open_at", ["system", "rule"], "resolved_at IS NULL"),
    ("ix_exception_system_rule", ["system", "rule", "opened_at"], ""),
    ("ix_exception_suppressed", ["suppressed_until"], "suppressed_until IS NOT NULL"),
)


def upgrade() -> None:
    op.add_column("exception", sa.Column("suppressed_until", sa.BigInteger(), nullable=True))
    op.add_column("exception", sa.Column("suppressed_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("exception", sa.Column("released_at", sa.BigInteger(), nullable=True))
    op.add_column("exception", sa.Column("remark", sa.Text(), nullable=False, server_default=""))
    op.add_column("exception", sa.Column("returns", sa.Integer(), nullable=False, server_default="0"))
    for name, columns, only in INDEXES:
        where = sa.text(only) if only else None
        op.create_index(name, "exception", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "declared_outage",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("system", NAME, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_outage")),
    )
    op.create_index("ix_declared_outage_system_until", "declared_outage", ["system", "until"])


def downgrade() -> None:
    op.drop_table("declared_outage")
    for name, _, _ in INDEXES:
        op.drop_index(name, "exception")
    with op.batch_alter_table("exception") as table:
        for name in NEW:
            table.drop_column(name)
