"""What each setting does, in both languages: for the page of settings, in its order."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.text import Text


@dataclass(frozen=True, slots=True)
class SettingText:
    """What a setting does, and what holds when it has no value (None: nothing to say)."""

    meaning: Text
    when_missing: Text | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Settings of one subject, under one heading."""

    anchor: str
    title: Text
    page: str
    """The file, beside the page of settings, that explains the subject."""
    settings: Mapping[str, SettingText]


def _means(ja: str, en: str, when_missing: Text | None = None) -> SettingText:
    return SettingText(Text(ja, en), when_missing)


PROCESSES = {
    "host": _means("待ち受けるアドレス", "The address to listen on"),
    "port": _means(
        "待ち受ける TCP ポート。0 なら空いているものを選びます",
        "The TCP port to listen on. 0 takes a free one",
    ),
    "workers": _means(
        "API プロセスの数。全てが一つのポートで待ち受けます",
        "The number of API processes. All of them listen on one port",
    ),
    "data_dir": _means(
        "鍵、試用の接続情報、内蔵データベースの置き場所。鍵は API とワーカーの両方が読みます",
        "The folder of keys, demo credentials and the embedded database. API and worker both read"
        " the keys",
    ),
    "issuer": _means(
        "外から見た URL。トークンの `iss` になります。**前にプロキシがあれば必ず設定してください**",
        "The URL under which callers know the service: `iss` of its tokens."
        " **Always set it behind a proxy**",
        Text("待ち受ける URL", "the listening URL"),
    ),
    "trusted_proxies": _means(
        "`X-Forwarded-For` を信じるプロキシのアドレスやネットワーク(コンマ区切り)。"
        "**前にプロキシがあれば必ず設定してください**。しないと全ての呼出しが一つのアドレスに見えます",
        "Addresses or networks of proxies whose `X-Forwarded-For` is believed, separated by"
        " commas. **Always set it behind a proxy**; otherwise all callers share one address",
    ),
    "max_connections": _means(
        "API プロセス一つの接続の数。開けるファイルの数が足りなければ、それに合わせて減ります",
        "Connections of one API process; fewer if it may not open as many files",
    ),
    "address_connections": _means(
        "一つのアドレスからの接続の数(API プロセスごと。`TSUNAGU_TRUSTED_PROXIES` のものを除く)。"
        "超えると、要求を終わりまで送らずに最も長く待っている接続が閉じられます",
        "Connections from one address to one API process, those of `TSUNAGU_TRUSTED_PROXIES` aside."
        " Beyond that, the one is closed that has waited longest without sending a whole request",
    ),
    "max_body": _means("要求の本文の上限(バイト)", "The largest body of a request, in bytes"),
    "long_poll_limit": _means("受信箱の `wait` の上限", "The longest `wait` of an inbox poll"),
    "shutdown_grace": _means(
        "止まるときに、処理中の要求を待つ長さ",
        "How long a stopping process lets running requests finish",
    ),
    "metrics_token": _means(
        "`/metrics` が `Authorization: Bearer …` で求める値",
        "What `/metrics` asks for as `Authorization: Bearer …`",
        Text("`/metrics` はありません", "there is no `/metrics`"),
    ),
    "log_level": _means(
        "プロセスのログの細かさ(`debug` `info` `warning` `error`)",
        "The least severe line that a process logs (`debug`, `info`, `warning`, `error`)",
    ),
    "clock": _means(
        "試験用。起動したときの時計の時刻(`2026-04-01T09:00:00+09:00`)か、ずれ(`P3D`)",
        "For tests. Where the clock stands at the start (`2026-04-01T09:00:00+09:00`), or how far"
        " it is off (`P3D`)",
        Text("本当の時刻", "the real time"),
    ),
}

DATABASE = {
    "database_url": _means(
        "自分の PostgreSQL(表の所有者のログイン)。設定すると、内蔵のものは起動せず、"
        "試用の接続情報も作りません",
        "A PostgreSQL of yours, as the owner of the tables. When it is set, the embedded one is"
        " not started and no demo credentials are made",
        Text("内蔵の PostgreSQL", "the embedded PostgreSQL"),
    ),
    "api_database_url": _means(
        "API のログイン",
        "The login of the API",
        Text(
            "`TSUNAGU_DATABASE_URL` で `tsunagu_api` になる",
            "`TSUNAGU_DATABASE_URL`, as `tsunagu_api`",
        ),
    ),
    "worker_database_url": _means(
        "ワーカーのログイン",
        "The login of the worker",
        Text(
            "`TSUNAGU_DATABASE_URL` で `tsunagu_worker` になる",
            "`TSUNAGU_DATABASE_URL`, as `tsunagu_worker`",
        ),
    ),
    "api_pool_size": _means("API プロセス一つの接続数", "Database connections of one API process"),
    "worker_pool_size": _means(
        "ワーカープロセス一つの接続数", "Database connections of one worker process"
    ),
    "pool_timeout": _means(
        "データベースの一つの文を待つ長さ。過ぎれば 503 で断ります",
        "How long the database may take for one statement before a request is refused (503)",
    ),
}

ACCESS = {
    "audience": _means(
        "トークンの `aud`", "`aud` of the tokens", Text("`TSUNAGU_ISSUER`", "`TSUNAGU_ISSUER`")
    ),
    "access_token_lifetime": _means(
        "アクセストークンの有効期間(1時間まで)",
        "How long an access token is valid (an hour at most)",
    ),
    "rate_limit": _means(
        "一つの接続システムが1分に呼べる回数(API プロセスごと)。0 は無制限",
        "Calls that one client may make in a minute, in each API process. 0: no limit",
    ),
    "stranger_rate_limit": _means(
        "正しいトークンのない呼出しに、一つのアドレスあたり1分に答える回数。0 は無制限",
        "Calls without a valid token that are answered in a minute for one address. 0: no limit",
    ),
    "stranger_byte_limit": _means(
        "有効なトークンのない呼出しへの答えの大きさの合計。一つのアドレスに1分(バイト)。0 は無制限",
        "Bytes of answers to one address in a minute without a valid token. 0: no limit",
    ),
    "token_rate_limit": _means(
        "一つのアドレスの一つの接続システムが、1分に `/oauth/*` を呼べる回数。"
        "アドレス全体ではその10倍。0 は無制限",
        "Calls of `/oauth/*` in a minute by one client from one address; ten times as many by all"
        " clients of the address. 0: no limit",
    ),
    "messages_per_referral": _means(
        "一つの当事者が一つの案件に送れる通信文の数。"
        "終結や中断、その確認や取消し、身柄などの知らせは2倍まで。0 は無制限",
        "Messages that one party may send in a referral; twice as many of what ends or suspends"
        " something, confirms it or takes it back, or tells of custody. 0: no limit",
    ),
    "messages_per_day": _means(
        "一つの当事者が一つの案件に1日に送れる通信文の数。"
        "終結や中断、その確認や取消し、身柄などの知らせは2倍まで。0 は無制限",
        "Messages that one party may send in a referral on one day; twice as many of what ends or"
        " suspends something, confirms it or takes it back, or tells of custody. 0: no limit",
    ),
    "clients_per_agency": _means(
        "一つの機関が同時に有効にできる接続システムの数。0 は無制限",
        "Clients of one agency that are enabled at a time. 0: no limit",
    ),
    "sent_per_day": _means(
        "一つの機関が、全ての案件を合わせて1日に送れる通信文の数。"
        "終結や中断、その確認や取消し、身柄などの知らせは2倍まで。0 は無制限",
        "Messages that one agency may send on one day in all its referrals; twice as many of what"
        " ends or suspends something, confirms it or takes it back, or tells of custody."
        " 0: no limit",
    ),
    "referrals_per_day": _means(
        "一つの機関が1日に始められる案件の数(紙で受けたものを入力した機関の分も)。0 は無制限",
        "Referrals that one agency may open on one day, those on paper counted for whoever keys"
        " them in. 0: no limit",
    ),
    "referrals_to_one_per_day": _means(
        "そのうち一つの機関に宛てたもの。0 は無制限",
        "Of these, those to one other agency. 0: no limit",
    ),
    "openings_per_day": _means(
        "一つの機関が1日に再び開ける通信文の数。届いたものを初めて開くことは数えません。0 は無制限",
        "Messages that one agency may open again on one day. Opening what arrived for the first"
        " time is not counted. 0: no limit",
    ),
    "refusals_per_day": _means(
        "一つの機関が1日に断られ、または試す(dry run)通信文の数。0 は無制限",
        "Messages of one agency that may be refused or rehearsed on one day. 0: no limit",
    ),
    "exports_per_day": _means(
        "一つの機関が1日に作れる束と書面の数。0 は無制限",
        "Bundles and sheets that one agency may make on one day. 0: no limit",
    ),
    "changes_per_day": _means(
        "一つの機関が1日にログに書かせるそのほかのこと(到着通知の設定、二つの席の行為、停止)の数。"
        "0 は無制限",
        "What else one agency may have written to the log on one day: changes of webhooks, acts of"
        " two seats, holds. 0: no limit",
    ),
    "lockout_failures": _means(
        "一つのアドレスから一つの接続システムの秘密をこの回数誤ると、しばらく受け付けません。"
        "0 はロックしません",
        "Wrong secrets for one client from one address after which its secrets are not looked at"
        " for a while. 0: nobody is locked out",
    ),
    "lockout_window": _means(
        "誤りを数える長さ。同じ接続システムについての機関への知らせも、この間に一度です",
        "How long a wrong secret counts. An agency also hears only once in this time about a lock"
        " of the same client",
    ),
    "lockout_longest": _means(
        "受け付けない長さの上限。1分から倍々に延びます",
        "The longest lock. Locks begin at a minute and double",
    ),
}

KEYS = {
    "key_service": _means(
        "マスター鍵を別のプロセスに置くときの口(`unix:/path/to/socket`)",
        "Where another process keeps the master keys (`unix:/path/to/socket`)",
        Text("鍵フォルダーを自分で読む", "reads the key folder itself"),
    ),
    "backup_age": _means(
        "データベースの控えを捨てるまでの長さ。消去の完了と、古いマスター鍵の廃止がこれを待ちます",
        "How old a backup of the database gets before it is destroyed. An erasure is complete, and"
        " an old master key can be retired, only after that",
    ),
}

LOG = {
    "log_origin": _means(
        "記録の名。チェックポイントと鍵に入ります。最初の起動で決まり、変わりません",
        "The name of the log in its checkpoints and keys. Fixed at the first start",
        Text(
            "外から見た URL から `https://` を除き、`/log` を付けたもの",
            "the issuer without `https://`, and `/log`",
        ),
    ),
    "seal_within": _means(
        "記録を封じるまでの約束の長さ。受領証の `sealed_by` になります",
        "By when an entry of the log is promised to be sealed: `sealed_by` of receipts",
    ),
}

WEBHOOKS = {
    "webhook_window": _means(
        "健全な送り先一つに、ワーカープロセス一つが同時に送る数",
        "Notices that one worker process has under way at one healthy endpoint",
    ),
    "webhook_authorities": _means(
        "送り先の証明書を確かめるために、加えて信じる認証局のファイル(PEM)",
        "A file of certificates (PEM) to trust at endpoints, besides those the machine trusts",
    ),
    "webhook_networks": _means(
        "公開のアドレスのほかに送ってよい、閉じた網(`10.20.0.0/16`)とホスト名(`hooks.example.lg.jp`、"
        "`*.example.lg.jp`)。コンマで区切ります。この機械、リンクローカル、マルチキャスト、"
        "クラウドのメタデータには決して送りません",
        "Private networks (`10.20.0.0/16`) and host names (`hooks.example.lg.jp`,"
        " `*.example.lg.jp`), separated by commas, to which notices may go besides public"
        " addresses. This machine, its links, multicast and metadata services are never reached",
    ),
    "webhook_proxy": _means(
        "全ての到着通知が通る、外へのプロキシ。`http://host:port` か `http://user:password@host:port`",
        "The outbound proxy for all notices: `http://host:port`, or"
        " `http://user:password@host:port`",
    ),
    "webhook_client_certificate": _means(
        "クライアント証明書を求める送り先に示す、証明書と中間証明書のファイル(PEM)",
        "A file (PEM) with the certificate, and the chain above it, for endpoints that ask for"
        " a client certificate",
    ),
    "webhook_client_certificate_key": _means(
        "その秘密鍵のファイル(PEM、合言葉なし)。なければ証明書と同じファイル",
        "The file (PEM) of its private key, without a passphrase. Default: the file of the"
        " certificate",
    ),
    "webhook_loopback": _means(
        "開発用。送り先に http と、この機械自身を許します",
        "For development. Allows endpoints with http and on this machine",
    ),
}

RETENTION = {
    "retention_case_closed": _means(
        "事案の最後の案件が終結してから消去までの期間",
        "From the end of the last referral of a case to its erasure",
    ),
    "retention_never_accepted": _means(
        "受任されずに終わった案件の、消去までの期間",
        "From the end of a referral that nobody accepted to its erasure",
    ),
    "retention_cleared": _means(
        "無罪・嫌疑なしの通知から、刑事に関する事項(C4)の消去までの期間",
        "From the notice of an acquittal (無罪) or a lack of suspicion (嫌疑なし) to the erasure of"
        " the criminal matter (C4)",
    ),
    "retention_ledger": _means(
        "案件の消去の後、同意の記録(本文なし)を残す期間",
        "How much longer than the referral the record of its consents is kept (without bodies)",
    ),
    "erasure_objection_period": _means(
        "二つの席が消去を求めてから、写しを持つほかの機関が異議を言える期間。7日から180日",
        "How long other agencies that hold copies may object, once two seats have asked for an"
        " erasure. 7 to 180 days",
    ),
    "overwrite_within": _means(
        "消去の後、鍵の跡がデータベースのファイルと WAL に残ってよい長さ。半分が過ぎると、"
        "ワーカーが上書きを始めます",
        "How long after an erasure traces of its keys may stay in the files and the WAL of the"
        " database. The worker begins to overwrite them after half of it",
    ),
    "overwrite_pause": _means(
        "上書きのために表を止めてよい長さ。1.2秒を超えると、その間の呼び出しの一部が"
        " 503 になります",
        "How long a table may be closed to requests while it is written anew. Beyond 1.2 seconds,"
        " some of the calls in that time are answered 503",
    ),
}

GROUPS = (
    Group("processes", Text("プロセスと通信", "Processes and HTTP"), "operation.md", PROCESSES),
    Group("database", Text("データベース", "Database"), "operation.md", DATABASE),
    Group("access", Text("トークンと回数の上限", "Tokens and limits"), "access.md", ACCESS),
    Group("keys", Text("鍵と控え", "Keys and backups"), "keys.md", KEYS),
    Group("log", Text("記録", "Log"), "log.md", LOG),
    Group("webhooks", Text("到着通知", "Webhooks"), "webhooks.md", WEBHOOKS),
    Group("erasure", Text("保存期間", "Retention"), "erasure.md", RETENTION),
)
