"""Exceptions name their cause, remedy, impact and parent; conditions that hold; what belongs to which order.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NEW = ("code", "remedy", "impact", "parent", "watched")


def upgrade() -> None:
    op.add_column("exception", sa.Column("code", NAME, nullable=False, server_default=""))
    op.add_column(
        "exception", sa.Column("remedy", sa.Text(), nullable=False, server_default='["hand-over",{}]')
    )
    op.add_column("exception", sa.Column("impact", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("exception", sa.Column("parent", NAME, nullable=False, server_default=""))
    op.add_column("exception", sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false()))
    child = sa.text("parent != ''")
    op.create_index(
        "ix_exception_parent", "exception", ["parent"], sqlite_where=child, postgresql_where=child
    )
    _condition()
    _kin()


def _condition() -> None:
    op.create_table(
        "condition",
        sa.Column("id", NAME, nullable=False),
        sa.Column("plant", NAME, nullable=False),
        sa.Column("root", NAME, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition")),
    )
    waiting = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_condition_due_at", "condition", ["due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("ix_condition_plant_root", "condition", ["plant", "root"])


def _kin() -> None:
    op.create_table(
        "kin",
        sa.Column("plant", NAME, nullable=False),
        sa.Column("of_order", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.PrimaryKeyConstraint("plant", "of_order", "subject", name=op.f("pk_kin")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("kin")
    op.drop_table("condition")
    op.drop_index("ix_exception_parent", "exception")
    with op.batch_alter_table("exception") as table:
        for name in NEW:
            table.drop_column(name)
