"""What each kind of message usually tells.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "habit",
        sa.Column("system", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("last_message", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("system", "type", name=op.f("pk_habit")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("habit")
