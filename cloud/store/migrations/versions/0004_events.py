"""What patches and gateways report beside the samples."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# An event's identity is (device_id, boot_id, number); a boot here is a run of the gateway.
_TABLES = """
CREATE TABLE device_event (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    number bigint NOT NULL,
    gateway text NOT NULL,
    at_ns bigint NOT NULL,
    kind text NOT NULL,
    body jsonb NOT NULL,
    stored_ns bigint NOT NULL,
    PRIMARY KEY (device_id, boot_id, number)
);
CREATE INDEX device_event_time ON device_event (device_id, at_ns);

-- One row a boot: below it everything is stored, or was given up by the gateway.
CREATE TABLE event_progress (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    next_number bigint NOT NULL,
    PRIMARY KEY (device_id, boot_id)
);
"""


def upgrade() -> None:
    """Add the tables."""
    for statement in _TABLES.split(";")[:-1]:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, and what was reported with them."""
    op.execute("DROP TABLE device_event")
    op.execute("DROP TABLE event_progress")
