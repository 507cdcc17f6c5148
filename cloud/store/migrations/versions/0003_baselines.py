"""What a patient's own values were, and where on the body a patch sits."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A row is one memory (ecgcore.baseline); it is thinned, so it never grows beyond some 60 kB, and
# other sites, leads or versions of the algorithm have rows of their own.
_BASELINE = """
CREATE TABLE baseline (
    patient_id text NOT NULL REFERENCES patient,
    site text NOT NULL,
    leads text NOT NULL,
    algorithm text NOT NULL,
    params_digest text NOT NULL,
    newest_ns bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (patient_id, site, leads, algorithm, params_digest)
)
"""


def upgrade() -> None:
    """Add the table and the column."""
    op.execute(_BASELINE)
    # Empty: nobody told.
    op.execute("ALTER TABLE wear ADD site text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Remove them; baselines begin anew with the next minute."""
    op.execute("DROP TABLE baseline")
    op.execute("ALTER TABLE wear DROP site")
