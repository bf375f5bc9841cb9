"""A plain stack that accepts the message which opens a referral, to compare the service with.

What FastAPI, SQLModel, asynchronous SQLAlchemy and asyncpg give whoever uses them as their
documentation shows: objects, relationships, `session.add_all`, `await session.commit()`, one
transaction for each call. Nothing is tuned by hand, and nothing made slow on purpose. `python -m
bench.plain` serves it with uvicorn and uvloop in one process; its settings are in `settings.py`,
and its tables are made when it starts.

It does: read the same request as `POST /v1/referrals` (`special_adjustment.notify_candidate`) by
Pydantic models; verify the same bearer token (ES256); write a case, its referral, two parties, the
message with one sealed segment for each data class (AES-256-GCM, a key for each referral and class,
wrapped by a master key), a copy for each party, the recipient's inbox item at a position without a
gap, the deadlines and an entry of the log, all in one transaction; sign a receipt (ES256); answer
201 after the commit; answer a repeat with the first answer, and another message under the same id
with 409.

It does not: decide by a table of flows, consents or areas (an agency names its office); check days
against today; refuse ambiguous JSON; count and limit calls; ask whether a token was revoked; have
row-level security; keep a view with sealed facts for each party; queue the log for a Merkle tree;
look for webhooks and long polls to notify. The service does all of this in the time that is
compared. It remembers for a minute that a token was verified, which is verified at each call here.
"""
