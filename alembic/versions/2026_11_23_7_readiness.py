"""What a starting process asks: how far the tables are, and which master keys they need."""

from alembic import op

revision = "2026_11_23_7"
down_revision = "2026_11_23_6"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

# One key of each master: whoever can unwrap these has the right masters, not only their numbers.
FUNCTIONS = f"""
CREATE FUNCTION schema_revision() RETURNS text LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT max(version_num) FROM alembic_version
$$;
CREATE FUNCTION sample_keys() RETURNS TABLE (referral_id uuid, class text, master integer,
    wrapped bytea)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT DISTINCT ON (k.master) k.referral_id, k.class, k.master, k.wrapped
    FROM referral_key k ORDER BY k.master
$$;
"""


def upgrade() -> None:
    """Make the functions; only the API may call them."""
    op.execute(FUNCTIONS)
    for function in ("schema_revision()", "sample_keys()"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")


def downgrade() -> None:
    """Take the functions away."""
    op.execute("DROP FUNCTION sample_keys(); DROP FUNCTION schema_revision();")
