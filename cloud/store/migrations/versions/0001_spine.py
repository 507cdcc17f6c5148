"""The spine: who wears what, every frame, what was found in it, and who may see it."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Waveforms are rows of one encoded frame, never of one sample. A sample's identity is
# (device_id, boot_id, counter); utc_ns is in the key only because TimescaleDB partitions by it, and
# a frame that is sent again carries the same bytes, so the key stays idempotent.
_TABLES = """
CREATE TABLE patient (
    patient_id text PRIMARY KEY,
    name text NOT NULL,
    bed text NOT NULL DEFAULT ''
);

CREATE TABLE account (
    username text PRIMARY KEY,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('patient', 'clinician')),
    patient_id text REFERENCES patient,
    CHECK ((role = 'patient') = (patient_id IS NOT NULL))
);

CREATE TABLE care_team (
    username text NOT NULL REFERENCES account ON DELETE CASCADE,
    patient_id text NOT NULL REFERENCES patient ON DELETE CASCADE,
    PRIMARY KEY (username, patient_id)
);

CREATE TABLE auth_session (
    token_sha256 bytea PRIMARY KEY,
    username text NOT NULL REFERENCES account ON DELETE CASCADE,
    expires_ns bigint NOT NULL
);

CREATE TABLE wear (
    device_id text NOT NULL,
    patient_id text NOT NULL REFERENCES patient,
    from_ns bigint NOT NULL,
    to_ns bigint,
    PRIMARY KEY (device_id, from_ns)
);
CREATE UNIQUE INDEX wear_one_patient ON wear (device_id) WHERE to_ns IS NULL;

CREATE TABLE recording (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    session_id text NOT NULL UNIQUE,
    gateway text NOT NULL,
    fs_mhz bigint NOT NULL,
    lsb_pv bigint NOT NULL,
    lead_mask integer NOT NULL,
    first_counter bigint NOT NULL,
    start_ns bigint NOT NULL,
    PRIMARY KEY (device_id, boot_id)
);

CREATE TABLE frame (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    first_counter bigint NOT NULL,
    utc_ns bigint NOT NULL,
    n_samples integer NOT NULL,
    gap_before bigint NOT NULL,
    gap_reason smallint NOT NULL,
    end_ns bigint NOT NULL,
    arrival_ns bigint NOT NULL,
    stored_ns bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (device_id, boot_id, first_counter, n_samples, utc_ns)
);
CREATE INDEX frame_time ON frame USING brin (utc_ns);
CREATE INDEX frame_device_time ON frame (device_id, utc_ns);

CREATE TABLE beat (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sample bigint NOT NULL,
    utc_ns bigint NOT NULL,
    peak_offset double precision NOT NULL,
    amplitude_mv double precision NOT NULL,
    rr_ms double precision,
    confidence double precision NOT NULL,
    PRIMARY KEY (device_id, boot_id, sample, utc_ns)
);
CREATE INDEX beat_device_time ON beat (device_id, utc_ns);

CREATE TABLE feature_window (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    kind text NOT NULL,
    start_counter bigint NOT NULL,
    end_counter bigint NOT NULL,
    start_ns bigint NOT NULL,
    end_ns bigint NOT NULL,
    n_beats integer NOT NULL,
    sqi double precision NOT NULL,
    coverage double precision NOT NULL,
    hr_mean double precision,
    measurements jsonb NOT NULL,
    quality_reasons text[] NOT NULL,
    algorithm text NOT NULL,
    params_digest text NOT NULL,
    PRIMARY KEY (device_id, boot_id, kind, start_counter, start_ns)
);
CREATE INDEX feature_window_device_time ON feature_window (device_id, kind, start_ns);

CREATE TABLE block (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    start_counter bigint NOT NULL,
    n_samples integer NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (device_id, boot_id, start_counter)
);

-- What the frame table cannot tell: frames that came again, and holes named by the cloud itself.
CREATE TABLE ledger (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('resent', 'gap', 'late')),
    first_counter bigint NOT NULL,
    n_samples bigint NOT NULL,
    reason smallint NOT NULL DEFAULT 0,
    times bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (device_id, boot_id, kind, first_counter, n_samples)
);

CREATE TABLE quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_ns bigint NOT NULL,
    topic text NOT NULL,
    reason text NOT NULL,
    payload bytea NOT NULL
);

CREATE TABLE checkpoint (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    next_counter bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (device_id, boot_id)
);

-- One row a boot, moved forward in the commit that stores the frames below it.
CREATE TABLE progress (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    next_counter bigint NOT NULL,
    through_ns bigint NOT NULL,
    PRIMARY KEY (device_id, boot_id)
);

CREATE TABLE report (
    report_id uuid PRIMARY KEY,
    patient_id text NOT NULL REFERENCES patient,
    device_id text NOT NULL,
    kind text NOT NULL,
    created_ns bigint NOT NULL,
    start_ns bigint NOT NULL,
    end_ns bigint NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX report_patient_time ON report (patient_id, created_ns DESC);

CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ns bigint NOT NULL,
    username text NOT NULL,
    action text NOT NULL,
    patient_id text NOT NULL
);
CREATE INDEX audit_patient_time ON audit (patient_id, at_ns);
"""

# The long tables become hypertables of one day each where TimescaleDB can be had.
_HYPERTABLES = """
DO $$
DECLARE
    day_ns constant bigint := 86400000000000;
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
        PERFORM create_hypertable('frame', by_range('utc_ns', day_ns));
        PERFORM create_hypertable('beat', by_range('utc_ns', day_ns));
        PERFORM create_hypertable('feature_window', by_range('start_ns', day_ns));
    END IF;
END
$$;
"""


def upgrade() -> None:
    """Create every table."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(_HYPERTABLES)


def downgrade() -> None:
    """Refuse: there is nothing older to go back to."""
    msg = "the first migration cannot be undone; drop the database instead"
    raise RuntimeError(msg)
