"""Row-level security: the API sees what is its agency's, a query that forgets to ask sees nothing.

The agency is `app.agency`, set for one transaction. Unset means nobody. A policy on `party` looks
at nothing but the row itself; the others look at `party` and `copy`, which show own rows only.
Columns that tell of what others did (the true state of a referral) are not granted at all.
"""

from alembic import op

revision = "2026_11_23_4"
down_revision = "2026_11_23_3"
branch_labels = None
depends_on = None

ME = """
CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.agency', true), '');
GRANT EXECUTE ON FUNCTION me() TO tsunagu_api, tsunagu_worker;
"""

# table: who sees a row
POLICIES = {
    "agency": "true",
    "jurisdiction": "true",
    "directory_version": "true",
    "seat": "agency_id = (SELECT me())",
    "client": "agency_id = (SELECT me())",
    "client_seat": "EXISTS (SELECT FROM client c WHERE c.id = client_seat.client_id)",
    "party": "agency_id = (SELECT me())",
    "copy": "agency_id = (SELECT me())",
    "mailbox": "agency_id = (SELECT me())",
    "inbox_item": "agency_id = (SELECT me())",
    "deadline": "agency_id = (SELECT me())",
    "settlement": "center_id = (SELECT me())",
    "referral": "EXISTS (SELECT FROM party p WHERE p.referral_id = referral.id)"
    " OR EXISTS (SELECT FROM copy c WHERE c.message_referral_id = referral.id)",
    '"case"': 'EXISTS (SELECT FROM referral r WHERE r.case_id = "case".id)',
    "message": "EXISTS (SELECT FROM copy c WHERE c.message_id = message.id)",
    "segment": "EXISTS (SELECT FROM copy c WHERE c.message_id = segment.message_id"
    " AND segment.class = ANY (c.classes))",
    "referral_key": "EXISTS (SELECT FROM copy c JOIN party p ON p.referral_id = c.referral_id"
    " WHERE c.message_referral_id = referral_key.referral_id AND p.until IS NULL"
    " AND referral_key.class = ANY (c.classes))",
    "consent": "EXISTS (SELECT FROM party p WHERE p.referral_id = consent.referral_id)"
    " OR recipients && ARRAY[(SELECT me()), (SELECT a.kind FROM agency a WHERE a.id = me())]"
    " AND EXISTS (SELECT FROM referral r WHERE r.case_id = consent.case_id)",
    "log_entry": "(SELECT me()) = ANY (agencies)",
    "log_leaf": "me() IS NOT NULL",
    "assertion_seen": "false",
    "log_pending": "false",
    "log_tree": "false",
}

# table: the columns that the API's role may read, where it may not read all
COLUMNS = {
    "referral": "id, case_id, flow, reference, parent_id, opened_at, erased_at, erased_reason",
    '"case"': "id, opened_at",
    "client": "id, agency_id, name, created_at, disabled_at",
    "message": "id, referral_id, type, from_party, from_agency, from_seat, recipients, occurred_on,"
    " accepted_at, legal_basis, urgency, in_reply_to, corrects, consent_ids, paper_origin, digest,"
    " class_digests, receipt",
    "log_leaf": "index, hash",
}


def upgrade() -> None:
    """Switch it on for every table."""
    op.execute(ME)
    for table, sees in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING ({sees})")
        columns = f" ({COLUMNS[table]})" if table in COLUMNS else ""
        op.execute(f"GRANT SELECT{columns} ON {table} TO tsunagu_api")


def downgrade() -> None:
    """Switch it off."""
    for table in POLICIES:
        op.execute(f"REVOKE ALL ON {table} FROM tsunagu_api")
        op.execute(f"DROP POLICY own ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION me()")
