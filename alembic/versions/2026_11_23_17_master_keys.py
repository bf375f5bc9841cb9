"""Changing master keys: who is still under an old one, and putting it under the new one.

A wrapped key is only ever replaced where it stands, if it is still what was read. What was erased
in the meantime is not there any more, and does not come back. Nobody is waited for: a row that is
held by an erasure or by another rewrapping is left for later.
"""

from collections.abc import Iterable

from alembic import context, op

revision = "2026_11_23_17"
down_revision = "2026_11_23_16"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
CREATE INDEX ix_referral_key_master ON referral_key (master);
CREATE INDEX ix_webhook_master ON webhook (master) WHERE master IS NOT NULL;
CREATE INDEX ix_webhook_old_master ON webhook (old_master) WHERE old_master IS NOT NULL;
CREATE TABLE master_unused (
    version integer PRIMARY KEY,
    since timestamptz NOT NULL
);
COMMENT ON TABLE master_unused IS
    'Old master keys that nothing is under any more: backups may hold rows from before `since`.';
ALTER TABLE master_unused ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON master_unused FOR SELECT TO tsunagu_api USING (false);
GRANT SELECT ON master_unused TO tsunagu_api;
"""

# From one version to the next by the index: as many probes as there are versions, however many
# rows. `DISTINCT` would read them all.
NEXT = """
CREATE FUNCTION next_master(p_after integer) RETURNS integer LANGUAGE sql STABLE
    RETURN least(
        (SELECT k.master FROM referral_key k WHERE k.master > p_after ORDER BY k.master LIMIT 1),
        (SELECT w.master FROM webhook w WHERE w.master > p_after ORDER BY w.master LIMIT 1),
        (SELECT w.old_master FROM webhook w WHERE w.old_master > p_after
            ORDER BY w.old_master LIMIT 1));
"""
USED = f"""
CREATE FUNCTION masters_in_use() RETURNS integer[] LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE v_found integer[] := ARRAY[]::integer[]; v_next integer := next_master(0);
BEGIN
    WHILE v_next IS NOT NULL LOOP
        v_found := v_found || v_next;
        v_next := next_master(v_next);
    END LOOP;
    RETURN v_found;
END $$;
"""
SAMPLES = f"""
CREATE OR REPLACE FUNCTION sample_keys() RETURNS TABLE (referral_id uuid, class text,
    master integer, wrapped bytea)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT k.referral_id, k.class, k.master, k.wrapped
    FROM unnest(masters_in_use()) AS used (master) CROSS JOIN LATERAL (
        SELECT * FROM referral_key f WHERE f.master = used.master LIMIT 1) AS k
    ORDER BY k.master
$$;
"""
# The last row that was looked at comes along, whatever it is under: from there it goes on.
KEYS = f"""
CREATE FUNCTION keys_of_masters(p_masters integer[], p_referral uuid, p_class text,
    p_most integer)
RETURNS TABLE (referral_id uuid, class text, master integer, wrapped bytea)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT s.referral_id, s.class, s.master, s.wrapped
    FROM (
        SELECT k.*, row_number() OVER (ORDER BY k.referral_id, k.class) AS place,
            count(*) OVER () AS places FROM (
            SELECT * FROM referral_key f WHERE (f.referral_id, f.class) > (p_referral, p_class)
            ORDER BY f.referral_id, f.class LIMIT p_most) AS k
    ) AS s
    WHERE s.master = ANY (p_masters) OR s.place = s.places
    ORDER BY s.place
$$;
CREATE FUNCTION secrets_of_masters(p_masters integer[], p_after uuid, p_previous boolean,
    p_most integer)
RETURNS TABLE (id uuid, previous boolean, master integer, sealed bytea)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT * FROM (
        SELECT w.id, false AS previous, w.master, w.secret FROM webhook w
        WHERE w.master = ANY (p_masters)
        UNION ALL
        SELECT w.id, true, w.old_master, w.old_secret FROM webhook w
        WHERE w.old_master = ANY (p_masters)
    ) AS s
    WHERE (s.id, s.previous) > (p_after, p_previous) ORDER BY s.id, s.previous LIMIT p_most
$$;
"""
# One by one and by primary key, so that no plan ever reads the table.
REWRAP = f"""
CREATE FUNCTION rewrap_keys(p_referral uuid[], p_class text[], p_old bytea[], p_master integer[],
    p_new bytea[])
RETURNS integer LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_master integer; v_left integer[] := ARRAY[]::integer[]; v_count integer := 0;
BEGIN
    FOR i IN 1 .. cardinality(p_referral) LOOP
        SELECT k.master INTO v_master FROM referral_key k
        WHERE k.referral_id = p_referral[i] AND k.class = p_class[i] AND k.wrapped = p_old[i]
        FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE referral_key k SET master = p_master[i], wrapped = p_new[i]
        WHERE k.referral_id = p_referral[i] AND k.class = p_class[i];
        v_left := v_left || v_master;
        v_count := v_count + 1;
    END LOOP;
    DELETE FROM master_unused WHERE version = ANY (v_left);
    RETURN v_count;
END $$;
CREATE FUNCTION rewrap_secrets(p_id uuid[], p_previous boolean[], p_old bytea[],
    p_master integer[], p_new bytea[])
RETURNS integer LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_left integer[] := ARRAY[]::integer[]; w webhook; v_count integer := 0;
BEGIN
    FOR i IN 1 .. cardinality(p_id) LOOP
        SELECT * INTO w FROM webhook h WHERE h.id = p_id[i]
            AND CASE WHEN p_previous[i] THEN h.old_secret ELSE h.secret END = p_old[i]
        FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF p_previous[i] THEN
            UPDATE webhook SET old_master = p_master[i], old_secret = p_new[i] WHERE id = w.id;
            v_left := v_left || w.old_master;
        ELSE
            UPDATE webhook SET master = p_master[i], secret = p_new[i] WHERE id = w.id;
            v_left := v_left || w.master;
        END IF;
        v_count := v_count + 1;
    END LOOP;
    DELETE FROM master_unused WHERE version = ANY (v_left);
    RETURN v_count;
END $$;
CREATE FUNCTION note_unused_masters(p_at timestamptz, p_versions integer[]) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    IF ARRAY(SELECT version FROM master_unused ORDER BY version) = p_versions THEN RETURN; END IF;
    LOCK TABLE master_unused IN SHARE ROW EXCLUSIVE MODE;  -- workers note one after the other
    DELETE FROM master_unused WHERE version <> ALL (p_versions);
    INSERT INTO master_unused SELECT v, p_at FROM unnest(p_versions) AS v ON CONFLICT DO NOTHING;
END $$;
"""

FOR_BOTH = ["masters_in_use()"]
FOR_WORKER = [
    "keys_of_masters(integer[], uuid, text, integer)",
    "secrets_of_masters(integer[], uuid, boolean, integer)",
    "rewrap_keys(uuid[], text[], bytea[], integer[], bytea[])",
    "rewrap_secrets(uuid[], boolean[], bytea[], integer[], bytea[])",
    "note_unused_masters(timestamptz, integer[])",
]
INTERNAL = ["next_master(integer)"]


def upgrade() -> None:
    """Make indexes and functions."""
    for script in (TABLES, NEXT, USED, SAMPLES, KEYS, REWRAP):
        op.execute(script)
    _allow(FOR_BOTH, "tsunagu_api", "tsunagu_worker")
    _allow(FOR_WORKER, "tsunagu_worker")
    _allow(INTERNAL)


def downgrade() -> None:
    """Take them away, and let the samples be found as before."""
    found = context.script.get_revision("2026_11_23_7")
    text: str = found.module.FUNCTIONS
    before = text[text.index("CREATE FUNCTION sample_keys(") :]
    op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    for function in [*FOR_BOTH, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("""
        DROP TABLE master_unused;
        DROP INDEX ix_referral_key_master, ix_webhook_master, ix_webhook_old_master;
    """)


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
