"""What can go wrong between a run and its disk, each in one sentence."""

import errno
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from journey.errors import UsageError


class StoreError(Exception):
    """The run's store could not do what was asked; the message is one sentence for the user."""


class StoreFull(StoreError):
    """Nothing more fits on the disk. Whatever was acknowledged before stays readable."""


class StoreDamaged(StoreError):
    """The run's files do not hold what was written to them."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_ROOM_FOR_SQLITE = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE)
REFUSED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


@contextmanager
def one_sentence(path: Path) -> Generator[None]:
    """Turns the errors of SQLite and of the disk into those above, naming the run's folder or file.

    A call on a closed database stays a `sqlite3.ProgrammingError`: that is a mistake of the caller, not of the disk.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise in_words(error, path) from error
    except UnicodeDecodeError as error:  # even SQLite's own message can carry the damage
        raise damaged(path, "texts in it are no UTF-8") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise full(path) from error
        raise StoreError(f"{path}: {error.strerror or error}.") from error


def full(path: Path) -> StoreFull:
    """The sentence for a disk without room."""
    return StoreFull(
        f"The disk is full: {path} could not be written. Everything acknowledged before is safe; "
        "make room and give the same command again."
    )


def damaged(path: Path, what: str) -> StoreDamaged:
    """The sentence for files that changed behind our back."""
    return StoreDamaged(
        f"{path} is damaged ({' '.join(what.split())}). Restore it from a copy, or start over with --fresh."
    )


def in_words(error: sqlite3.Error, path: Path) -> Exception:
    """The error of ours that says what SQLite meant."""
    extended = getattr(error, "sqlite_errorcode", None)
    code = None if extended is None else extended & 0xFF
    if code == sqlite3.SQLITE_FULL or extended in NO_ROOM_FOR_SQLITE:
        return full(path)
    if code in REFUSED:
        return UsageError(f"{path} cannot be opened or written ({error}): check its permissions.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path} is held by another program ({error}): close that and try again.")
    if "no such module" in str(error):
        return StoreError(f"This Python's SQLite lacks a part that is needed ({error}): use one built with FTS5.")
    if code == sqlite3.SQLITE_ERROR:  # a table is missing, or the question was wrong: no run is to be deleted for that
        return StoreDamaged(
            f"{path} could not answer ({' '.join(str(error).split())}): its files may be damaged; restore them from a "
            "copy, or write to another run."
        )
    return damaged(path, str(error))
