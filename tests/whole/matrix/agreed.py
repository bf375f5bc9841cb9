"""What was agreed on who may do what, written down a second time, by hand.

The code says the same in the signatures of its routes. It is not asked here: a slip there is to be
a failing test and not a new rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ROLES: Mapping[str, frozenset[str]] = {
    role: frozenset(scopes.split())
    for role, scopes in {
        "decider": "referral:read referral:write referral:decide inbox:read inbox:acknowledge"
        " webhook:manage disclosure:read disclosure:answer statistics:read act:take directory:read",
        "case_worker": "referral:read referral:write inbox:read inbox:acknowledge directory:read",
        "viewer": "referral:read inbox:read directory:read",
        "records_officer": "referral:read disclosure:read disclosure:answer log:read webhook:manage"
        " agency:manage act:take directory:read",
        "auditor": "log:read statistics:read directory:read",
        "operator": "service:operate act:take directory:read",
    }.items()
}

# One row for each operation, and one more (`operation/what`) for each other way to name an object.
#
# scope   what the token has to hold; `any`: any good token; `public`: none is asked for
# object  what is named in the path, the query or the body; `-`: nothing (places.py has them all)
# own     the answer about one's own; `x|y`: to a decider, and to the others that have the scope;
#         `y,role=x`: to that role, and to the others
# other   the answer about another's, or what is not there: the same bytes for both
AGREED = """
open_referral                    referral:write     -                201       -
open_referral/parent             referral:write     parent           200|403   404
list_referrals                   referral:read      -                200       -
read_referral                    referral:read      referral         200       404
send_message                     referral:write     referral         201       404
send_message/in_reply_to         referral:write     reply            201       422
send_message/corrects            referral:write     corrected        201       422
send_message/consents            referral:write     consent          201       422
list_messages                    referral:read      referral         200       404
read_message                     referral:read      message          200       404
read_messages                    referral:read      message_alone    200       200
print_message                    referral:read      message          200       404
list_deliveries                  referral:read      referral         200       404
mark_printed                     referral:write     printed          200       404
explain_message                  referral:read      message          200       404
recall_message                   referral:decide    recalled         200       404
list_recall_requests             referral:read      -                200       -
answer_recall_request            referral:decide    asked_to_give    200       404
answer_erasure_request           act:take           asked_to_erase   200       404
withdraw_erasure_request         act:take           erasure_request  200       404
list_consents                    referral:read      case             200       404
list_return_requests             disclosure:read    -                200       -
list_case_return_requests        disclosure:read    case             200       404
answer_return_request            disclosure:answer  asked_back       200       404
list_disclosures                 disclosure:read    case             200       404
print_disclosures                disclosure:read    case             200       404
read_bundle                      disclosure:read    case             200       404
list_misdirected_disclosures     disclosure:read    -                200       -
read_misdirected_disclosure      disclosure:read    disclosure       200       404
read_inbox                       inbox:read         -                200       -
acknowledge                      inbox:acknowledge  -                200       -
read_inbox_status                inbox:read         -                200       -
list_deadlines                   referral:read      -                200       -
list_webhooks                    webhook:manage     -                200       -
add_webhook                      webhook:manage     -                201       -
read_webhook                     webhook:manage     webhook          200       404
change_webhook                   webhook:manage     webhook          200       404
remove_webhook                   webhook:manage     spare_webhook    204       404
test_webhook                     webhook:manage     webhook          202       404
rotate_webhook_secret            webhook:manage     webhook          200       404
list_webhook_attempts            webhook:manage     webhook          200       404
list_webhook_attempts/notice     webhook:manage     notice           200       200
replay_webhook                   webhook:manage     webhook          202       404
replay_webhook/notice            webhook:manage     notice           202       404
propose_act               act:take  referral  403,records_officer=201  403,records_officer=404
list_acts                        act:take           -                200       -
read_act                         act:take           act              200       404
approve_act                      act:take           act              200|403   404
refuse_act                       act:take           refused_act      200|403   404
withdraw_act                     act:take           withdrawn_act    403,records_officer=200  404
list_erasures                    referral:read      referral         200       404
list_own_seats                   agency:manage      -                200       -
list_own_clients                 agency:manage      -                200       -
disable_own_seat                 agency:manage      own_seat         200       404
disable_own_client               agency:manage      own_client       200       404
take_client_secret               agency:manage      act              404       404
list_holds                       act:take           -                200       -
list_agencies                    directory:read     -                200       -
read_agency                      directory:read     agency           200       404
find_routes                      directory:read     -                200       -
read_checkpoint                  log:read           -                200       -
list_leaves                      log:read           -                200       -
prove_inclusion                  log:read           -                200       -
prove_consistency                log:read           -                200       -
list_log_entries                 log:read           -                200       -
read_log_entry                   log:read           entry            200       404
read_me                          any                -                200       -
list_flows                       public             -                200       -
read_flow                        public             flow             200       404
read_schema                      public             schema           200       404
read_message_page                public             schema           200       404
read_diagram                     public             flow             200       404
read_authorization_server        public             -                200       -
read_log_keys                    public             -                200       -
read_jwks                        public             -                200       -
list_problems                    public             -                200       -
read_problem                     public             problem          200       404
read_health                      public             -                200       -
read_readiness                   public             -                200       -
"""

ELSEWHERE = {
    "issue_token": "test_the_token_endpoint_gives_nobody_more_than_is_theirs",
    "revoke_token": "test_the_revocation_endpoint_ends_nothing_but_ones_own",
}
"""Operations that no row can say, and the test in test_token_endpoint.py that has them."""


@dataclass(frozen=True)
class Row:
    """One way to call an operation, and what was agreed on it."""

    name: str
    scope: str
    kind: str
    own: Mapping[str, int]
    """What each role is answered."""
    other: Mapping[str, int]
    """What each role is answered about what is not its agency's; empty where that cannot be."""

    @property
    def operation(self) -> str:
        """The operation's id in the contract."""
        return self.name.partition("/")[0]

    def answer_on_own(self, role: str) -> int:
        """What a role is answered that has the scope, and asks for what is its agency's."""
        return self.own[role]

    def allows(self, role: str) -> bool:
        """Whether a good token of this role gets past the check of scopes."""
        return self.scope in {"any", "public"} or self.scope in ROLES[role]


def _row(line: str) -> Row:
    name, scope, kind, own, other = line.split()
    return Row(name, scope, kind, _by_role(own), {} if other == "-" else _by_role(other))


def _by_role(text: str) -> Mapping[str, int]:
    decider, _, others = text.rpartition("|")
    usual, *named = others.split(",")
    pairs = dict(part.split("=") for part in named)
    exceptions = {**({"decider": decider} if decider else {}), **pairs}
    return {role: int(exceptions.get(role, usual)) for role in ROLES}


ROWS = tuple(map(_row, AGREED.strip().splitlines()))
