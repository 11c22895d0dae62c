"""Indexes for the lists of faulty messages and of expectations.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FAULTY = sa.text("state IN ('parked', 'partly', 'rejected')")


def upgrade() -> None:
    op.drop_index("ix_message_faulty", table_name="message")
    _index("ix_message_faulty", ["id"])
    _index("ix_message_system_faulty", ["system", "state", "id"])
    op.create_index("ix_expectation_state", "expectation", ["state", "due_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_expectation_state", table_name="expectation")
    op.drop_index("ix_message_system_faulty", table_name="message")
    op.drop_index("ix_message_faulty", table_name="message")
    _index("ix_message_faulty", ["system", "id"])


def _index(name: str, columns: list[str]) -> None:
    op.create_index(name, "message", columns, sqlite_where=FAULTY, postgresql_where=FAULTY)
