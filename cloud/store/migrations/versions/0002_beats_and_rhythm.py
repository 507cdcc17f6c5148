"""What a beat is, where its waves lie, and the rhythm it stands in."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Wave times are ms from the R peak, null where there is no such wave. Beats of version 1 were not
# classified: their label is null.
_BEAT = """
ALTER TABLE beat
    ADD label text,
    ADD label_confidence real,
    ADD cluster integer,
    ADD p_on_ms real,
    ADD p_ms real,
    ADD p_off_ms real,
    ADD p_mv real,
    ADD qrs_on_ms real,
    ADD qrs_off_ms real,
    ADD t_on_ms real,
    ADD t_ms real,
    ADD t_off_ms real,
    ADD t_mv real
"""

# A row is there from the moment a rhythm is recognised; its end follows.
_RHYTHM = """
CREATE TABLE rhythm (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    label text NOT NULL,
    start_counter bigint NOT NULL,
    end_counter bigint,
    start_ns bigint NOT NULL,
    end_ns bigint,
    confidence double precision NOT NULL,
    algorithm text NOT NULL,
    PRIMARY KEY (device_id, boot_id, label, start_counter)
)
"""


def upgrade() -> None:
    """Add the columns and the table."""
    op.execute(_BEAT)
    op.execute(_RHYTHM)
    op.execute("CREATE INDEX rhythm_device_time ON rhythm (device_id, start_ns)")


def downgrade() -> None:
    """Remove them; what they hold can be found again from the frames."""
    op.execute("DROP TABLE rhythm")
    op.execute(
        "ALTER TABLE beat DROP label, DROP label_confidence, DROP cluster, DROP p_on_ms, "
        "DROP p_ms, DROP p_off_ms, DROP p_mv, DROP qrs_on_ms, DROP qrs_off_ms, DROP t_on_ms, "
        "DROP t_ms, DROP t_off_ms, DROP t_mv"
    )
