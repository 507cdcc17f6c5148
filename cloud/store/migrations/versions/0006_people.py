"""Roles, consents, row-level security for whoever signs in, and an audit trail that is chained."""

from alembic import op

from cloud.store.policies import (
    OF_HERSELF,
    OF_PATIENT,
    READER,
    closed,
    seen_by_patient,
    seen_by_wear,
    seen_if,
    written_if,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Roles belong to the whole server: another database of it, or another process, may be first.
_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN
        CREATE ROLE {READER} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$
"""

# Two databases of one server may be granting at once.
_TAKEN_ON = f"""
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(4206138);
    IF NOT pg_has_role(current_user, '{READER}', 'MEMBER') THEN
        EXECUTE format('GRANT {READER} TO %I', current_user);
    END IF;
END
$$
"""

_ACCOUNT = (
    "ALTER TABLE account DROP CONSTRAINT account_role_check",
    "ALTER TABLE account ADD CONSTRAINT account_role_check "
    "CHECK (role IN ('patient', 'clinician', 'researcher', 'admin'))",
)

# Only added to: the newest row of a patient, scope and reader says what holds.
_CONSENT = (
    """
    CREATE TABLE consent (
        consent_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        patient_id text NOT NULL REFERENCES patient ON DELETE CASCADE,
        scope text NOT NULL CHECK (scope IN ('care', 'research', 'share')),
        to_username text NOT NULL DEFAULT '',
        is_given boolean NOT NULL,
        at_ns bigint NOT NULL,
        username text NOT NULL,
        CHECK ((scope = 'share') = (to_username <> ''))
    )
    """,
    "CREATE INDEX consent_now ON consent (patient_id, scope, to_username, consent_id DESC)",
    "CREATE INDEX consent_scope ON consent (scope, to_username)",
)

# The key is made here and never leaves: it gives the same pseudonym in every process.
_SECRET = (
    "CREATE TABLE deployment_secret (name text PRIMARY KEY, key bytea NOT NULL)",
    "INSERT INTO deployment_secret VALUES ('pseudonym', sha256(convert_to("
    "gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))",
)

_AS_OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"

_FUNCTIONS = (
    f"""
    CREATE FUNCTION kin() RETURNS TABLE (patient_id text, relation text)
    LANGUAGE sql STABLE {_AS_OWNER} AS $$
        WITH me AS (
            SELECT * FROM account WHERE username = current_setting('ecgomics.username', true)
        ), told AS (
            SELECT DISTINCT ON (patient_id, scope, to_username) patient_id, scope, to_username,
                is_given FROM consent
            WHERE scope = 'research' AND EXISTS (SELECT FROM me WHERE role = 'researcher')
                OR scope = 'share' AND to_username = (SELECT username FROM me)
            ORDER BY patient_id, scope, to_username, consent_id DESC
        )
        SELECT me.patient_id, 'self' FROM me WHERE me.role = 'patient'
        UNION ALL
        SELECT c.patient_id, 'care_team' FROM care_team c JOIN me USING (username)
        WHERE me.role = 'clinician' AND coalesce((
            SELECT is_given FROM consent n WHERE n.patient_id = c.patient_id
            AND n.scope = 'care' ORDER BY consent_id DESC LIMIT 1), true)
        UNION ALL
        SELECT t.patient_id, CASE t.scope WHEN 'share' THEN 'family' ELSE 'research' END
        FROM told t, me
        WHERE t.is_given
        AND (t.scope, me.role) IN (('share', 'patient'), ('research', 'researcher'))
    $$
    """,
    f"""
    CREATE FUNCTION worn_times(researched boolean) RETURNS jsonb
    LANGUAGE sql STABLE {_AS_OWNER} AS $$
        SELECT coalesce(jsonb_object_agg(device_id, times), '{{}}') FROM (
            SELECT device_id, range_agg(int8range(from_ns, to_ns))::text AS times
            FROM wear JOIN kin() USING (patient_id)
            WHERE researched OR relation <> 'research' GROUP BY device_id
        ) worn
    $$
    """,
    # HMAC-SHA-256 (RFC 2104) with the key made above, of which 128 bits are shown.
    f"""
    CREATE FUNCTION pseudonym(patient_id text) RETURNS text
    LANGUAGE plpgsql STABLE {_AS_OWNER} AS $$
    DECLARE
        secret bytea := (SELECT key FROM deployment_secret WHERE name = 'pseudonym');
        inner_pad bytea := decode(repeat('36', 64), 'hex');
        outer_pad bytea := decode(repeat('5c', 64), 'hex');
    BEGIN
        FOR i IN 0 .. length(secret) - 1 LOOP
            inner_pad := set_byte(inner_pad, i, get_byte(secret, i) # 54);
            outer_pad := set_byte(outer_pad, i, get_byte(secret, i) # 92);
        END LOOP;
        RETURN 's-' || left(encode(
            sha256(outer_pad || sha256(inner_pad || convert_to(patient_id, 'UTF8'))), 'hex'), 32);
    END
    $$
    """,
    # Without the patient's own id: a researcher's transaction never holds it.
    f"""
    CREATE FUNCTION subjects() RETURNS TABLE (subject text, device_id text, from_ns bigint)
    LANGUAGE sql STABLE {_AS_OWNER} AS $$
        SELECT pseudonym(k.patient_id), w.device_id, w.from_ns FROM kin() k
        LEFT JOIN LATERAL (SELECT w.device_id, w.from_ns FROM wear w
            WHERE w.patient_id = k.patient_id AND w.to_ns IS NULL
            ORDER BY w.from_ns DESC, w.device_id LIMIT 1) w ON true
        WHERE k.relation = 'research'
    $$
    """,
)

_AUDIT = (
    "ALTER TABLE audit ADD number bigint, ADD previous bytea, ADD sha256 bytea",
    """
    CREATE TABLE audit_head (
        patient_id text PRIMARY KEY,
        number bigint NOT NULL,
        sha256 bytea NOT NULL
    )
    """,
    # What a row's hash covers; cloud/audit.py computes the same.
    """
    CREATE FUNCTION audit_sha256(
        previous bytea, number bigint, at_ns bigint, username text, action text, patient_id text
    ) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
        SELECT sha256(previous || convert_to(
            jsonb_build_array(number, at_ns, username, action, patient_id)::text, 'UTF8'))
    $$
    """,
    # What was written before is chained as it stands.
    """
    DO $$
    DECLARE
        r record;
        head audit_head;
        hashed bytea;
    BEGIN
        FOR r IN SELECT * FROM audit ORDER BY audit_id LOOP
            SELECT * INTO head FROM audit_head WHERE patient_id = r.patient_id;
            head.number := coalesce(head.number, 0) + 1;
            head.sha256 := coalesce(head.sha256, ''::bytea);
            hashed := audit_sha256(
                head.sha256, head.number, r.at_ns, r.username, r.action, r.patient_id);
            UPDATE audit SET number = head.number, previous = head.sha256, sha256 = hashed
                WHERE audit_id = r.audit_id;
            INSERT INTO audit_head VALUES (r.patient_id, head.number, hashed)
                ON CONFLICT (patient_id) DO UPDATE
                SET number = excluded.number, sha256 = excluded.sha256;
        END LOOP;
    END
    $$
    """,
    "ALTER TABLE audit ALTER number SET NOT NULL, ALTER previous SET NOT NULL, "
    "ALTER sha256 SET NOT NULL, ADD CONSTRAINT audit_chain UNIQUE (patient_id, number)",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '%: rows are added, never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    "CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER only_added BEFORE UPDATE OR TRUNCATE ON consent "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    # A chain a patient: the head's row is locked to the end of the transaction, in the order of
    # the ids, so that two that list the same patients wait for each other and never deadlock.
    # Who reads is taken from the transaction where there is one, never from the caller's word.
    f"""
    CREATE FUNCTION note_access(at_ns bigint, who text, what text, patients text[])
    RETURNS void LANGUAGE plpgsql {_AS_OWNER} AS $$
    DECLARE
        whom text;
        head audit_head;
        hashed bytea;
    BEGIN
        who := coalesce(nullif(current_setting('ecgomics.username', true), ''), who);
        FOR whom IN
            SELECT DISTINCT CASE WHEN k.patient_id IS NULL THEN p ELSE k.patient_id END AS id
            FROM unnest(patients) p LEFT JOIN kin() k
                ON k.relation = 'research' AND pseudonym(k.patient_id) = p
            ORDER BY id
        LOOP
            INSERT INTO audit_head VALUES (whom, 0, ''::bytea) ON CONFLICT DO NOTHING;
            SELECT * INTO head FROM audit_head h WHERE h.patient_id = whom FOR UPDATE;
            hashed := audit_sha256(head.sha256, head.number + 1, at_ns, who, what, whom);
            INSERT INTO audit (at_ns, username, action, patient_id, number, previous, sha256)
                VALUES (at_ns, who, what, whom, head.number + 1, head.sha256, hashed);
            UPDATE audit_head h SET number = head.number + 1, sha256 = hashed
                WHERE h.patient_id = whom;
        END LOOP;
    END
    $$
    """,
)

_GRANTS = (
    f"GRANT EXECUTE ON FUNCTION {{}} TO {READER}".format(signature)
    for signature in (
        "kin()",
        "worn_times(boolean)",
        "subjects()",
        "note_access(bigint, text, text, text[])",
    )
)

_HIDDEN = (
    "REVOKE EXECUTE ON FUNCTION kin(), worn_times(boolean), subjects(), pseudonym(text), "
    "note_access(bigint, text, text, text[]) FROM PUBLIC",
)

# Gaps have counters and no time: theirs is that of the recording's nominal clock.
_LEDGER_NS = (
    "(SELECT r.start_ns + ((ledger.first_counter - r.first_counter) * 1e12 / r.fs_mhz)::bigint "
    "FROM recording r WHERE r.device_id = ledger.device_id AND r.boot_id = ledger.boot_id)"
)
# A boot may outlive a wear; what it is, is read by all who wore the patch since it began.
_RECORDING_WORN = (
    "start_ns < upper(((SELECT worn_times(true)) ->> recording.device_id)::int8multirange) OR "
    "upper_inf(((SELECT worn_times(true)) ->> recording.device_id)::int8multirange)"
)

_POLICIES = (
    *seen_by_patient("patient"),
    *seen_if(
        "account",
        "username = current_setting('ecgomics.username', true)",
        "username, role, patient_id",
    ),
    *seen_if("care_team", "username = current_setting('ecgomics.username', true)"),
    *seen_by_patient("wear"),
    *seen_if("recording", _RECORDING_WORN),
    *seen_by_wear("frame", "utc_ns", "end_ns"),
    *seen_by_wear("beat", "utc_ns"),
    *seen_by_wear("feature_window", "start_ns", "end_ns"),
    *seen_by_wear("rhythm", "start_ns"),
    *seen_by_wear("ledger", _LEDGER_NS),
    *seen_by_wear("device_event", "at_ns", researched=False),
    *seen_by_patient("report"),
    *written_if("report", OF_PATIENT),
    *seen_by_patient("baseline"),
    *seen_if("consent", OF_HERSELF),
    *written_if(
        "consent", f"{OF_HERSELF} AND username = current_setting('ecgomics.username', true)"
    ),
    *seen_if("audit", OF_HERSELF),
    *closed("audit_head"),
    *closed("auth_session"),
    *closed("block"),
    *closed("quarantine"),
    *closed("checkpoint"),
    *closed("progress"),
    *closed("event_progress"),
    *closed("shard_epoch"),
    *closed("deployment_secret"),
    *closed("alembic_version"),
)


def upgrade() -> None:
    """Add the roles, tables, functions and policies; chain the audit rows there are."""
    statements = (
        _ROLE, _TAKEN_ON, f"GRANT USAGE ON SCHEMA public TO {READER}", *_ACCOUNT, *_CONSENT,
        *_SECRET, *_FUNCTIONS, *_AUDIT, *_HIDDEN, *_GRANTS, *_POLICIES,
    )  # fmt: skip
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: without it whoever reads would be held by nothing but the server's own rule."""
    msg = "the second wall and the audit trail's chain are not taken down; restore a backup instead"
    raise RuntimeError(msg)
