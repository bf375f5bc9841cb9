"""The two database roles, and the directory: agencies, areas, seats, clients.

The roles own nothing and are bound by row security. A server of one's own may have made them
with a login each; otherwise they are made here, and the owner may take them on.
"""

from alembic import op

revision = "2026_11_23_1"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tsunagu_api', 'tsunagu_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tsunagu_api, tsunagu_worker;
"""

TABLES = """
CREATE TABLE agency (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 64),
    kind text NOT NULL,
    name text NOT NULL,
    name_en text,
    prefecture char(2) NOT NULL,
    poi_code text,
    connected boolean NOT NULL,
    services jsonb NOT NULL DEFAULT '{}',
    note text,
    disabled_at timestamptz
);
CREATE TABLE jurisdiction (
    agency_id text NOT NULL REFERENCES agency,
    flow text,
    area char(6) NOT NULL,
    UNIQUE NULLS NOT DISTINCT (agency_id, flow, area)
);
CREATE TABLE seat (
    id text PRIMARY KEY CHECK (length(id) <= 128),
    agency_id text NOT NULL REFERENCES agency,
    name text NOT NULL,
    role text NOT NULL,
    classes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE INDEX ix_seat_agency ON seat (agency_id);
CREATE TABLE client (
    id text PRIMARY KEY CHECK (length(id) <= 128),
    agency_id text NOT NULL REFERENCES agency,
    name text NOT NULL,
    secret_hash text,
    public_jwk jsonb,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE INDEX ix_client_agency ON client (agency_id);
CREATE TABLE client_seat (
    client_id text NOT NULL REFERENCES client,
    seat_id text NOT NULL REFERENCES seat,
    position integer NOT NULL,
    PRIMARY KEY (client_id, seat_id),
    UNIQUE (client_id, position)
);
CREATE TABLE assertion_seen (
    client_id text NOT NULL,
    jti_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX ix_assertion_seen_expires ON assertion_seen (expires_at);
CREATE TABLE directory_version (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version bigint NOT NULL
);
INSERT INTO directory_version (version) VALUES (1);
"""

# One trigger a table: every process asks for this one number to know that its copy is old.
VERSION = """
CREATE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE directory_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON agency
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON seat
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON client
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON client_seat
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
"""


def upgrade() -> None:
    """Make roles and tables."""
    op.execute(ROLES)
    op.execute(TABLES)
    op.execute(VERSION)


def downgrade() -> None:
    """Take the tables away. The roles stay: other databases of the server may use them."""
    op.execute("""
        DROP TABLE client_seat, client, seat, jurisdiction, agency, assertion_seen,
            directory_version;
        DROP FUNCTION directory_changed();
        REVOKE ALL ON SCHEMA public FROM tsunagu_api, tsunagu_worker;
        GRANT USAGE ON SCHEMA public TO PUBLIC;
    """)
