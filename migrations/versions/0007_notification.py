"""Who is told of exceptions, what was sent, and when nobody is to be disturbed.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("id", NAME, nullable=False),
        sa.Column("exception", NAME, nullable=False),
        sa.Column("happening", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subscription", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("recipient", NAME, nullable=False),
        sa.Column("severity", NAME, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("held", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("batch", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_exception", "notification", ["exception"])
    op.create_index("ix_notification_created_at", "notification", ["created_at", "id"])
    for state, column in (("waiting", "due_at"), ("dead", "channel")):
        only = sa.text(f"state = '{state}'")
        op.create_index(
            f"ix_notification_{state}", "notification", [column], sqlite_where=only, postgresql_where=only
        )
    _notice()


def _notice() -> None:
    """Which exceptions have been looked at; those that are open now were there before anybody could be told."""
    op.create_table(
        "notice",
        sa.Column("exception", NAME, nullable=False),
        sa.Column("lives", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("exception", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_lasting",
        "notice",
        ["exception"],
        sqlite_where=sa.text(
            "ended = 0"
        ),  # as the question is put there, or SQLite does not see that it fits
        postgresql_where=sa.text("NOT ended"),
    )
    op.execute(
        "INSERT INTO notice (exception, lives, ended) "
        "SELECT DISTINCT id, 1, false FROM exception WHERE resolved_at IS NULL AND parent = ''"
    )


def downgrade() -> None:
    op.drop_table("notice")
    op.drop_table("notification")
