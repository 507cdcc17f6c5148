"""Who may commit for a shard."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute("CREATE TABLE shard_epoch (shard integer PRIMARY KEY, epoch bigint NOT NULL)")


def downgrade() -> None:
    """Remove it; workers that still run then cannot commit."""
    op.execute("DROP TABLE shard_epoch")
