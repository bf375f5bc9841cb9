"""How each function of the database is called, and which are not: each with its reason.

Names in braces are of a case that was drawn, of its agencies, and the time. Whoever grants another
function to the API or the worker says here how it is called.
"""

from collections.abc import Mapping

_ENTRY = (
    "jsonb_build_object('id', gen_random_uuid(), 'kind', '{kind}', 'agency_id', {center},"
    " 'seat_id', {center} || '.decider', 'client_id', {center} || '.system',"
    " 'case_id', {case}, 'referral_id', {referral}, 'message_id', {message},"
    " 'agencies', jsonb_build_array({center}, {office}),"
    " 'detail', jsonb_build_object('classes', jsonb_build_array('C0', 'C1')))"
)
_ACKNOWLEDGEMENT = _ENTRY.replace("{kind}", "acknowledgement")
_OPENING = _ENTRY.replace("{kind}", "disclosure")
_ALL = "ARRAY['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8']"

CALLS: Mapping[str, str] = {
    # Messages and referrals.
    "accept": "{rows}",
    "load_cases": "jsonb_build_array(jsonb_build_object('agency_id', {center}, 'id',"
    " gen_random_uuid(), 'referral_id', {referral}, 'pointed', jsonb_build_array({message}),"
    " 'named', jsonb_build_array({office}))), false",
    "find_repeat": "{message}",
    "count_sent": "{center}, {referral}, {now}",
    "read_messages": "{center}, ARRAY[{message}], {now}::timestamptz::date",
    "disclose": "jsonb_build_object('at', {now}, 'agency_id', {center}, 'log',"
    f" jsonb_build_array({_OPENING}), 'cases', jsonb_build_object({{case}}::text, (SELECT 0)),"
    " 'message_ids', jsonb_build_array({message}))",
    "read_referral": "{center}, {referral}, {now}::timestamptz::date",
    "case_referrals": "{center}, {case}",
    "list_referrals": "{center}, NULL, NULL, NULL, NULL, NULL, 5",
    "referral_page": "{center}, NULL, NULL, NULL, NULL, NULL, 5",
    "changed_referrals": "{center}, NULL, NULL, 0, 5",
    "list_messages": "{center}, {referral}, 0, 5",
    "list_deadlines": f"{{center}}, NULL, NULL, NULL, 5, {{now}}::timestamptz::date, {_ALL}",
    "tell_deadlines": "{now}, {now}::timestamptz::date, 500",
    "may_know": "{center}, {referral}, 'response_due', {now}::timestamptz::date",
    "known_situation": "{center}, {referral}",
    "last_correction": "{center}, {message}",
    "fact_keys": "{center}, {referral}",
    "facts_before": "{office}, {message}, '{{}}'",
    "facts_to_seal": "20",
    # Inboxes.
    "read_inbox": "{center}, (SELECT 0), 5, false",
    "inbox_status": "{center}",
    "latest_in_mailboxes": "ARRAY[{center}, {office}]",
    "acknowledge": f"{{center}}, {{center}} || '.decider', {{now}}, '{{{{}}}}', 1, 500,"
    f" {_ACKNOWLEDGEMENT}",
    # Consents.
    "covered": "{center}, {referral}, {now}::timestamptz::date",
    "lost_classes": "{center}, {referral}",
    "list_consents": "{center}, {case}, NULL, NULL, 5",
    "list_case_returns": "{center}, {case}, NULL, NULL, 5",
    "list_returns": "{center}, NULL, NULL, NULL, 5",
    "tell_returns": "{now}, {now}::timestamptz::date, 500",
    # Deliveries and recalls.
    "list_deliveries": "{office}, {referral}, 0, 5",
    "list_misdirected": "{center}, NULL, NULL, 5",
    "read_misdirected": "{center}, {message}",
    "list_recall_requests": "{center}, NULL, NULL, 5",
    "due_recall_requests": "{now}, 100",
    "hold_for_recall": "{office}, {referral}, {message}",
    "hold_recall_request": "{center}, {message}",
    "recalls_of": "{office}, {referral}",
    "explain_message": "{center}, {referral}, {message}",
    "paper_copies": "{center}, {referral}, {now}::timestamptz::date",
    "tell_deliveries": "{now}, 500",
    # Disclosures, evidence and the log.
    "list_disclosures": "{center}, {case}, NULL, NULL, NULL, NULL, 5, 500",
    "summarize_disclosures": "{center}, {case}, NULL, 500",
    "case_contents": "{center}, {case}",
    "case_entries": "{center}, {case}, ARRAY[{message}, {opening}], 500",
    "case_is_sealed": "{center}, {case}",
    "entries_of": "{center}, ARRAY[{entry}]",
    "own_entries": "{center}, 100, 5",
    "log_figures": "{now}",
    "log_hashes": "{center}, ARRAY[0, 1, 5]::smallint[], ARRAY[77, 5, 3]::bigint[]",
    "log_leaves": "{center}, 500, 756",
    "newest_checkpoint": "{center}",
    "checkpoint_time": "{now}",
    "hold_log": "",
    "pending_entries": "1000",
    "ungrown_leaves": "1000",
    # Erasure and keys.
    "due_clocks": "'case_closed', {now}::timestamptz::date - 4000, 100",
    "due_erasure_requests": "{now}, 100",
    "due_held_keys": "100",
    "erasure_figures": '\'{{"case_closed": "2001-01-01"}}\','
    ' \'{{"case_closed": "2001-01-01"}}\', 10000',
    "erasures_to_overwrite": "100",
    "hold_bounds": "{center}, {referral}",
    "hold_erasure_request": "{center}, {message}",
    "hold_for_erasure": "{center}, {referral}, true",
    "list_erasure_requests": "{center}, {referral}, NULL",
    "list_holds": "{center}, NULL, NULL, 5",
    "overwriting_due": "{now}::timestamptz - interval '1 day'",
    "overwriting_figures": "{now}",
    "read_erasures": "{center}, {referral}",
    "read_held_keys": "{referral}",
    "remind_of_holds": "{now}, 100",
    "masters_in_use": "",
    "sample_keys": "",
    "approved_retirements": "{now}",
    "keys_of_masters": "'{{1}}', {referral}, 'C0', 500",
    "secrets_of_masters": "'{{1}}', {webhook}, false, 500",
    # Acts, tokens and lock-outs.
    "find_act": "{message}",
    "hold_act": "{center}, {message}",
    "list_acts": "{center}, {now}, NULL, NULL, 5",
    "read_act": "{center}, {message}",
    "due_acts": "{now}, 100",
    "token_stops": "0",
    "secret_locked_until": "'\\x00', {now}",
    "tell_lockouts": "{now}, 100",
    "use_assertion": "{center} || '.system', '\\x00', {now}, {now}",
    # Webhooks.
    "agency_of_webhook": "{webhook}",
    "list_webhooks": "{center}, NULL",
    "list_attempts": "{center}, {webhook}, NULL, NULL, NULL, NULL, 5",
    "claim_notices": "{now}, {now}, {now}::timestamptz::date, 500, 240, '{{}}', '{{}}'",
    "count_webhook_call": "{center}, {webhook}, '{{receiver.invalid}}', {now}, 10, 60, 60",
    "delivery_figures": "{now}",
    "release_notices": "ARRAY[{notice}], ARRAY[{now}]::timestamptz[]",
}

_DIRECTORY = "It reads agencies, seats, clients and endpoints alone, which no traffic adds to."
_NO_TABLE = "It shapes the row that it is given, and reads no table."
_READ_BEFORE = (
    "What it writes was read and locked before by a function that is called here, and is found by"
    " its primary key; its arguments are the decision of a case that was played for it."
)
_WHOLE_TABLE = "It goes through whole tables: a seldom task of an operator, in small steps."

LEFT_OUT: Mapping[str, str] = {
    "administer_agency": _DIRECTORY,
    "administer_client": _DIRECTORY,
    "administer_seat": _DIRECTORY,
    "client_for_token": _DIRECTORY,
    "list_clients": _DIRECTORY,
    "list_seats": _DIRECTORY,
    "me": _NO_TABLE,
    "schema_revision": _DIRECTORY,
    "add_webhook": _DIRECTORY,
    "change_webhook": _DIRECTORY,
    "rotate_webhook_secret": _DIRECTORY,
    "rewrap_secrets": _DIRECTORY,
    "leaf_form": _NO_TABLE,
    "envelope": _NO_TABLE,
    "shown_return": _NO_TABLE,
    "shown_recall": _NO_TABLE,
    "log_token": _READ_BEFORE,
    "revoke_token": _READ_BEFORE,
    "secret_failed": _READ_BEFORE,
    "secret_proven": _READ_BEFORE,
    "secret_succeeded": _READ_BEFORE,
    "propose_act": _READ_BEFORE,
    "settle_act": _READ_BEFORE,
    "answer_return": _READ_BEFORE,
    "mark_printed": _READ_BEFORE,
    "settle_recall_request": _READ_BEFORE,
    "write_recall": _READ_BEFORE,
    "write_recall_requests": _READ_BEFORE,
    "destroy_held_keys": _READ_BEFORE,
    "erase": _READ_BEFORE,
    "lift_hold": _READ_BEFORE,
    "put_off": _READ_BEFORE,
    "set_hold": _READ_BEFORE,
    "settle_erasure_request": _READ_BEFORE,
    "write_erasure_request": _READ_BEFORE,
    "note_overwritten": _READ_BEFORE,
    "approve_retirement": _READ_BEFORE,
    "note_retirement": _READ_BEFORE,
    "note_unused_masters": _READ_BEFORE,
    "rewrap_keys": _READ_BEFORE,
    "append_leaves": _READ_BEFORE,
    "grow_log": _READ_BEFORE,
    "write_sealed_facts": _READ_BEFORE,
    "write_own_log": _READ_BEFORE,
    "pace_replay": _READ_BEFORE,
    "remove_webhook": _READ_BEFORE,
    "replay_notices": _READ_BEFORE,
    "settle_notices": _READ_BEFORE,
    "test_webhook": _READ_BEFORE,
    "erase_ledger": _WHOLE_TABLE,
    "rewrite_table": _WHOLE_TABLE,
}
