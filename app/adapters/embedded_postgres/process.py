"""Child processes that die with their parent, as an ordinary user where root is refused."""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.adapters.outage import OperatorError

OWN_ACCOUNT = "tsunagu"
USERADD = ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OWN_ACCOUNT)
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


class NoOwnAccount(OperatorError):
    """We are root, and there is no account for a program that refuses to run as root."""


@dataclass(frozen=True)
class Account:
    """The user of a child. `crosses_folders`: it may pass folders that are closed to its user."""

    uid: int
    gid: int
    crosses_folders: bool = False

    def reaches(self, folder: Path) -> bool:
        """Whether this user can walk from the root of the file system into `folder` unaided."""
        folder = folder.resolve()
        return all(self._enters(step.stat()) for step in (folder, *folder.parents))

    def _enters(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & 0o100)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & 0o010)
        return bool(folder.st_mode & 0o001)


def ordinary_account(*folders: Path) -> Account | None:
    """The user for a program that refuses to run as root; None when we are not root ourselves.

    The program works in `folders`, which exist. A cluster that is there keeps its owner. Otherwise
    it is the account `tsunagu`, which is made if there is none.

    A checkout below /root is closed to every other user. Opening it to all of them would be
    worse than letting this one child pass: it keeps this one capability of root, and no other.

    Raises:
        NoOwnAccount: there is no account `tsunagu`, and none can be made.
    """
    if os.geteuid() != 0:
        return None
    entry = _owner_of_cluster(folders) or _own_account()
    account = Account(entry.pw_uid, entry.pw_gid)
    return replace(account, crosses_folders=not all(map(account.reaches, folders)))


def _owner_of_cluster(folders: tuple[Path, ...]) -> pwd.struct_passwd | None:
    clusters = [folder / "postgres" / "data" for folder in folders]
    owners = [data.stat().st_uid for data in clusters if data.exists()]
    return next((pwd.getpwuid(uid) for uid in owners if uid != 0), None)


def _own_account() -> pwd.struct_passwd:
    """The account `tsunagu`. It is made if there is none: no other program may read the files."""
    try:
        return pwd.getpwnam(OWN_ACCOUNT)
    except KeyError:
        _make_own_account()
    try:
        return pwd.getpwnam(OWN_ACCOUNT)
    except KeyError:
        raise NoOwnAccount(
            "As root, the files of PostgreSQL belong to an account of their own, which cannot be"
            f" made here. Run this as an ordinary user, or make it: {' '.join(USERADD)}"
        ) from None


def _make_own_account() -> None:
    with suppress(OSError):
        # Of two that make it at the same time, one waits for the other and finds it there.
        subprocess.run(  # noqa: S603 - a constant
            USERADD, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )


def closed_folder_mode() -> int:
    """The mode of a folder that only we can list; `ordinary_account` may pass through it."""
    return 0o711 if os.geteuid() == 0 else 0o700


def signal_at_parent_death(
    how: signal.Signals = signal.SIGKILL, account: Account | None = None
) -> Callable[[], None]:
    """A `preexec_fn`: the child becomes `account` and gets the signal `how` when its parent dies.

    Linux sends the signal when the *thread* that made the child ends: start children from a
    thread that lives as long as the process.
    """
    parent = os.getpid()

    def prepare() -> None:
        if account is not None:
            _become(account)
        # After the change of user, which would clear it.
        _check(libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def end_with_parent() -> None:
    """Have SIGTERM sent to this very process when the one that started it ends, however it ends."""
    _check(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0))


def _become(account: Account) -> None:
    if account.crosses_folders:
        _check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.crosses_folders:
        _keep(CAP_DAC_OVERRIDE)


def _keep(capability: int) -> None:
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _check(libc.capset(header, effective_permitted_inheritable))
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _check(result: int) -> None:
    """Raise an OSError if a call of libc failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
