"""The log as a Merkle tree: its nodes, its signed checkpoints, and who may read which entry.

Everything here is written by the sealer, after the fact: a message that is accepted writes its
entry and one row of `log_pending`, as before. Entries now wait in the order in which they were
written, so that a batch costs the same however many wait. Leaves from before this migration become
part of the tree at the sealer's first run.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "2026_11_23_15"
down_revision = "2026_11_23_14"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
ALTER TABLE log_pending DROP CONSTRAINT log_pending_pkey;
ALTER TABLE log_pending ADD seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
ALTER TABLE log_tree ADD hashed bigint NOT NULL DEFAULT 0;
ALTER TABLE log_tree ADD frontier bytea[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN log_tree.hashed IS 'How many leaves the nodes and the frontier cover.';
CREATE TABLE log_node (
    level smallint NOT NULL CHECK (level > 0),
    number bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, number)
);
COMMENT ON TABLE log_node IS
    'Complete subtrees: that of (level, number) covers the 2^level leaves from number * 2^level.';
CREATE TABLE log_checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE log_reader (
    agency_id text NOT NULL,
    index bigint NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (agency_id, index)
);
COMMENT ON TABLE log_reader IS 'Which agency an entry names, by its place in the tree.';
CREATE UNIQUE INDEX ix_log_reader_entry ON log_reader (entry_id, agency_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_node
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_reader
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

POLICIES = {
    "log_node": "me() IS NOT NULL",
    "log_checkpoint": "me() IS NOT NULL",
    "log_reader": "agency_id = (SELECT me())",
}

# The columns by name: one that is added later must not change what was hashed before.
FORM = """
CREATE FUNCTION leaf_form(e log_entry) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('id', e.id, 'at', e.at, 'kind', e.kind, 'agency_id', e.agency_id,
        'seat_id', e.seat_id, 'client_id', e.client_id, 'case_id', e.case_id,
        'referral_id', e.referral_id, 'message_id', e.message_id, 'agencies', e.agencies,
        'detail', e.detail)
$$;
"""

# Each entry is looked up by its id, in a query of its own: joined as a set, a plan made while the
# log was small reads all of it for ever.
SEAL = f"""
CREATE FUNCTION hold_log() RETURNS TABLE (size bigint, hashed bigint, frontier bytea[],
    checkpointed boolean) LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    -- Apart from the query: one that waits for a lock sees other tables as they were before.
    PERFORM FROM log_tree FOR UPDATE;
    RETURN QUERY SELECT t.size, t.hashed, t.frontier,
        EXISTS (SELECT FROM log_checkpoint c WHERE c.size = t.hashed) FROM log_tree t;
END $$;
CREATE FUNCTION pending_entries(p_most integer) RETURNS TABLE (seq bigint, id uuid, entry text)
LANGUAGE plpgsql {DEFINER} SET timezone = 'UTC' AS $$
BEGIN
    RETURN QUERY SELECT p.seq, p.entry_id,
        (SELECT leaf_form(e)::text FROM log_entry e WHERE e.id = p.entry_id)
    FROM log_pending p ORDER BY p.seq LIMIT p_most;
END $$;
CREATE FUNCTION ungrown_leaves(p_most integer) RETURNS TABLE (hash bytea)
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    RETURN QUERY SELECT l.hash FROM log_leaf l
    WHERE l.index >= (SELECT hashed FROM log_tree)
    ORDER BY l.index LIMIT p_most;
END $$;
CREATE FUNCTION append_leaves(p_seqs bigint[], p_ids uuid[], p_hashes bytea[]) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_size bigint;
    v_taken integer;
BEGIN
    SELECT size INTO v_size FROM log_tree FOR UPDATE;
    DELETE FROM log_pending WHERE seq = ANY (p_seqs);
    GET DIAGNOSTICS v_taken = ROW_COUNT;
    IF v_taken <> cardinality(p_ids) THEN
        RAISE EXCEPTION 'an entry does not wait to be sealed';
    END IF;
    INSERT INTO log_leaf (index, entry_id, hash)
    SELECT v_size + l.nth - 1, l.id, l.hash
    FROM unnest(p_ids, p_hashes) WITH ORDINALITY AS l (id, hash, nth);
    UPDATE log_tree SET size = v_size + cardinality(p_ids);
END $$;
CREATE FUNCTION grow_log(p_hashed bigint, p_frontier bytea[], p_levels smallint[],
    p_numbers bigint[], p_hashes bytea[], p_root bytea, p_note text, p_at timestamptz)
RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_from bigint;
BEGIN
    SELECT hashed INTO v_from FROM log_tree FOR UPDATE;
    INSERT INTO log_node (level, number, hash) SELECT * FROM unnest(p_levels, p_numbers, p_hashes);
    -- OFFSET 0 keeps the entries a query of their own for each leaf, by their key.
    INSERT INTO log_reader (agency_id, index, entry_id)
    SELECT n.agency_id, l.index, l.entry_id
    FROM log_leaf l CROSS JOIN LATERAL (
        SELECT DISTINCT a AS agency_id FROM log_entry e, unnest(e.agencies) AS a
        WHERE e.id = l.entry_id OFFSET 0) AS n
    WHERE l.index >= v_from AND l.index < p_hashed;
    INSERT INTO log_checkpoint (size, root, note, at) VALUES (p_hashed, p_root, p_note, p_at);
    UPDATE log_tree SET hashed = p_hashed, frontier = p_frontier;
END $$;
"""

READ = f"""
CREATE FUNCTION newest_checkpoint(p_agency text) RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT c.note FROM log_checkpoint c ORDER BY c.size DESC LIMIT 1);
END $$;
CREATE FUNCTION log_hashes(p_agency text, p_levels smallint[], p_numbers bigint[])
RETURNS TABLE (size bigint, hashes bytea[]) LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT coalesce((SELECT max(c.size) FROM log_checkpoint c), 0),
        ARRAY(SELECT CASE WHEN n.level = 0
                THEN (SELECT l.hash FROM log_leaf l WHERE l.index = n.number)
                ELSE (SELECT o.hash FROM log_node o
                      WHERE o.level = n.level AND o.number = n.number) END
            FROM unnest(p_levels, p_numbers) WITH ORDINALITY AS n (level, number, nth)
            ORDER BY n.nth);
END $$;
CREATE FUNCTION log_leaves(p_agency text, p_start bigint, p_end bigint)
RETURNS TABLE (size bigint, hashes bytea[]) LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT coalesce((SELECT max(c.size) FROM log_checkpoint c), 0),
        ARRAY(SELECT l.hash FROM log_leaf l
            WHERE l.index >= p_start AND l.index < p_end ORDER BY l.index);
END $$;
CREATE FUNCTION own_entries(p_agency text, p_after bigint, p_most integer)
RETURNS TABLE (index bigint, entry text)
LANGUAGE plpgsql {INVOKER} SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT r.index,
        (SELECT leaf_form(e)::text FROM log_entry e WHERE e.id = r.entry_id)
    FROM log_reader r WHERE r.agency_id = p_agency AND r.index > p_after
    ORDER BY r.index LIMIT p_most;
END $$;
CREATE FUNCTION entries_of(p_agency text, p_ids uuid[])
RETURNS TABLE (id uuid, index bigint, entry text)
LANGUAGE plpgsql {INVOKER} SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT e.id,
        (SELECT r.index FROM log_reader r WHERE r.entry_id = e.id AND r.agency_id = p_agency),
        leaf_form(e)::text
    FROM log_entry e WHERE e.id = ANY (p_ids);
END $$;
CREATE FUNCTION log_figures(p_at timestamptz)
RETURNS TABLE (unsealed bigint, oldest double precision, sealed bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
    -- To the entry while few wait; beyond that, how far apart the ends of the queue are.
    SELECT CASE WHEN w.counted < 10000 THEN w.counted
            ELSE (SELECT max(p.seq) - min(p.seq) + 1 FROM log_pending p) END,
        coalesce((SELECT greatest(extract(epoch FROM p_at - e.at), 0) FROM log_entry e
            WHERE e.id = (SELECT p.entry_id FROM log_pending p ORDER BY p.seq LIMIT 1)), 0),
        (SELECT t.hashed FROM log_tree t)
    FROM (SELECT count(*) AS counted FROM (SELECT FROM log_pending LIMIT 10000) AS p) AS w
$$;
"""

FOR_WORKER = [
    "hold_log()",
    "pending_entries(integer)",
    "ungrown_leaves(integer)",
    "append_leaves(bigint[], uuid[], bytea[])",
    "grow_log(bigint, bytea[], smallint[], bigint[], bytea[], bytea, text, timestamptz)",
]
API = [
    "newest_checkpoint(text)",
    "log_hashes(text, smallint[], bigint[])",
    "log_leaves(text, bigint, bigint)",
    "own_entries(text, bigint, integer)",
    "entries_of(text, uuid[])",
    "log_figures(timestamptz)",
    "leaf_form(log_entry)",
]
BEFORE = ["pending_entries(integer)", "append_leaves(uuid[], bytea[])"]

# Counting every entry that waits takes the longer the longer the sealer is away: `log_figures`.
COUNTED = "        'unsealed', (SELECT count(*) FROM log_pending),\n"
NEXT = "        'pending', count(*),"


def upgrade() -> None:
    """Make tables and functions; nobody may call one but those it is for."""
    for function in BEFORE:
        op.execute(f"DROP FUNCTION {function}")
    op.execute(TABLES)
    for table, sees in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING ({sees})")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    for functions in (FORM, SEAL, READ):
        op.execute(functions)
    _change("delivery_figures(timestamptz)", COUNTED, "")
    _allow(FOR_WORKER, "tsunagu_worker")
    _allow(API, "tsunagu_api")


def downgrade() -> None:
    """Take them away. The leaves stay, and become part of the tree again if it comes back."""
    _change("delivery_figures(timestamptz)", NEXT, COUNTED + NEXT)
    for function in [*API, *FOR_WORKER]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("""
        DROP TABLE log_reader, log_checkpoint, log_node;
        ALTER TABLE log_tree DROP COLUMN hashed, DROP COLUMN frontier;
        ALTER TABLE log_pending DROP COLUMN seq;
        ALTER TABLE log_pending ADD PRIMARY KEY (entry_id);
    """)
    worker = context.script.get_revision("2026_11_23_5").module.WORKER
    op.execute(worker[worker.index("CREATE FUNCTION pending_entries(") :])
    _allow(BEFORE, "tsunagu_worker")


def _change(function: str, old: str, new: str) -> None:
    """Change a function as it stands now, whichever migrations changed it before."""
    find = sa.text("SELECT pg_get_functiondef(CAST(:function AS regprocedure))")
    statement: str = op.get_bind().execute(find, {"function": function}).scalar_one()
    if statement.count(old) != 1:
        raise ValueError(f"{function} is no longer what this migration changes")
    op.execute(sa.text(statement.replace(old, new).replace(":", "\\:")))


def _allow(functions: list[str], role: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
