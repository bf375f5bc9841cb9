"""Keys that are withheld from everybody, and not destroyed while a legal hold binds."""

from alembic import op

from app.adapters.database import functions

revision = "2026_11_28_93"
down_revision = "2026_11_28_92"
branch_labels = None
depends_on = None

HELD_KEYS = """
CREATE TABLE held_key (
    referral_id uuid NOT NULL REFERENCES referral (id),
    class text NOT NULL,
    master integer NOT NULL,
    wrapped bytea NOT NULL,
    holds uuid[] NOT NULL,
    PRIMARY KEY (referral_id, class)
);
ALTER TABLE held_key ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE held_key IS
    'Keys that erasure took out of use, and that are destroyed when the last of these holds ends.';
CREATE INDEX ix_held_key_master ON held_key (master);
CREATE TRIGGER keep_held_key BEFORE DELETE ON referral_key
    FOR EACH ROW EXECUTE FUNCTION keep_held_key();
CREATE TRIGGER refuse_held_key BEFORE DELETE ON held_key
    FOR EACH ROW EXECUTE FUNCTION refuse_held_key();
"""

# An older release would lose what is kept, and has no place for it.
NOTHING_KEPT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM held_key) THEN
        RAISE EXCEPTION 'legal holds keep keys; an older release cannot';
    END IF;
END $$;
"""


def upgrade() -> None:
    functions.make(op.get_bind(), ("keep_held_key", "refuse_held_key"))
    op.execute(HELD_KEYS)


def downgrade() -> None:
    op.execute(NOTHING_KEPT)
    op.execute("""
        DROP TRIGGER keep_held_key ON referral_key;
        DROP TABLE held_key;
        DROP FUNCTION keep_held_key(), refuse_held_key();
    """)
