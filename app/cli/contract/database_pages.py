"""`tsunagu database-docs`: write the page of database access in both languages, or check it."""

from collections.abc import Iterator
from pathlib import Path

from app.adapters.database.logins import API, OWNER, WORKER
from app.cli.contract.database_access import FunctionAccess, SubjectAccess, TableAccess, read_access
from app.cli.contract.database_texts import ROWS, SUBJECTS
from app.cli.contract.generated import LANGUAGES, Check, Docs, in_the_other_language, write
from app.domain.text import Text

PAGE = "database-access.md"
EVERYBODY = "PUBLIC"
ROLES = (API, WORKER)

TITLE = Text("データベースの権限", "Access to the database")
OPENING = Text(
    "どの役がサービスのどの行を見られるか、どの関数を呼べるかの全てです。書かれていないものは、許されていません。\n"
    "この頁は `app/adapters/*/sql/*.sql` から作られます(`tsunagu database-docs`)。\n"
    "手で書き換えないでください。なぜこうなのかは[安全](security.md#service-and-database)にあります。",
    "Every row of the service that a role may see, and every function of it that it may call.\n"
    "What is not listed is not allowed. This page is made from `app/adapters/*/sql/*.sql`\n"
    "(`tsunagu database-docs`).\n"
    "Do not edit it by hand. The reasons are in [security](security.md#service-and-database).",
)
ROLES_TITLE = Text("役", "Roles")
ROLES_TABLE = (
    Text("| 役 | 使うもの | できること |", "| Role | Used by | May |"),
    Text(
        f"| `{OWNER}` | `migrate`、管理の命令 | 全て。表と関数を所有し、行レベル制限を受けません |",
        f"| `{OWNER}` | `migrate`, commands of administration |"
        " everything: it owns tables and functions, and no policy applies to it |",
    ),
    Text(
        f"| `{API}` | API | 下の行を読み、下の関数を呼びます。表には書けません |",
        f"| `{API}` | API | read the rows and call the functions below; write to no table |",
    ),
    Text(
        f"| `{WORKER}` | ワーカー | 下の関数を呼びます。表は一つも読めません。"
        "[跡を上書きする](erasure.md#overwriting)ために、チェックポイントを書き、"
        "WAL のファイルを替え、ファイルの名を並べます |",
        f"| `{WORKER}` | worker | call the functions below; read no table; to"
        " [overwrite traces](erasure.md#overwriting), write checkpoints, switch WAL files and list"
        " names of files |",
    ),
)
READING = Text(
    "「自機関」は、トランザクションの初めに `app.agency` で名乗った機関です(関数 `me`)。\n"
    "名乗らないトランザクションには「自機関のもの」が一行もありません。\n"
    "「所有者として」動く関数(`SECURITY DEFINER`)には行レベル制限がかかりません。\n"
    "読み書きするものは、関数が自ら絞ります。\n"
    "「–」の関数は、所有者か、所有者として動く関数だけが呼びます。",
    "The *own agency* is the one that the transaction names in `app.agency` (function `me`).\n"
    "Without one, no row is *of the own agency*. No policy applies to a function that runs\n"
    "*as the owner* (`SECURITY DEFINER`): it limits by itself what it reads and writes.\n"
    "A function with – is called only by the owner, or within functions that run as the owner.",
)
TABLES = Text("| 表 | 役 | 見える行 | 列 |", "| Table | Role | Visible rows | Columns |")
FUNCTIONS = Text("| 関数 | 呼べる役 | 動き方 |", "| Function | Callable by | Runs |")
POLICIES = Text("行レベル制限:", "Policies:")
ALL_COLUMNS = Text("全て", "all")
AS_OWNER = Text("所有者として", "as the owner")
AS_CALLER = Text("呼んだ役として", "as the caller")
IN_TRIGGERS = Text("トリガー", "a trigger")
WITHIN_FUNCTIONS = Text("–", "–")
BY_EVERYBODY = Text("全ての役", "every role")


def database_docs(folder: Docs = Path("docs"), check: Check = False) -> None:
    """データベースの権限の頁を作る / Write the pages of database access from the SQL files."""
    pages = {folder / lang / PAGE: page(lang) for lang in LANGUAGES}
    write(pages, "tsunagu database-docs", check)


def page(language: str) -> str:
    """The page of database access in Markdown, in one language."""
    return "\n".join(_page(language))


def _page(language: str) -> Iterator[str]:
    yield f"# {TITLE.in_language(language)}\n"
    yield f"{in_the_other_language(PAGE, language)}\n"
    yield f"{OPENING.in_language(language)}\n"
    yield '<a id="roles"></a>'
    yield f"## {ROLES_TITLE.in_language(language)}\n"
    head, *rows = (row.in_language(language) for row in ROLES_TABLE)
    yield from (head, "|---|---|---|", *rows, "")
    yield f"{READING.in_language(language)}\n"
    for subject in read_access():
        yield from _subject(subject, language)


def _subject(subject: SubjectAccess, language: str) -> Iterator[str]:
    yield f'<a id="{subject.subject}"></a>'
    yield f"## {SUBJECTS[subject.subject].in_language(language)}\n"
    if subject.policies is not None:
        yield f"{POLICIES.in_language(language)} {_link('policies.sql', subject.policies)}\n"
        yield from (TABLES.in_language(language), "|---|---|---|---|")
        yield from (_table(table, language) for table in subject.tables)
        yield ""
    if subject.functions:
        yield from (FUNCTIONS.in_language(language), "|---|---|---|")
        yield from (_function(function, language) for function in subject.functions)
        yield ""


def _table(table: TableAccess, language: str) -> str:
    rows = ROWS[table.condition].in_language(language)
    columns = " ".join(f"`{name}`" for name in table.columns) or ALL_COLUMNS.in_language(language)
    return f"| `{table.table}` | `{table.role}` | {rows} | {columns} |"


def _function(function: FunctionAccess, language: str) -> str:
    runs = AS_OWNER if function.as_owner else AS_CALLER
    name = _link(f"`{function.name}`", function.file)
    return f"| {name} | {_callers(function, language)} | {runs.in_language(language)} |"


def _callers(function: FunctionAccess, language: str) -> str:
    if function.is_trigger:
        return IN_TRIGGERS.in_language(language)
    if EVERYBODY in function.roles:
        return BY_EVERYBODY.in_language(language)
    roles = " ".join(f"`{role}`" for role in ROLES if role in function.roles)
    return roles or WITHIN_FUNCTIONS.in_language(language)


def _link(name: str, file: Path) -> str:
    return f"[{name}](../../{file.as_posix()})"
