"""The files of a run: the database's name, how long is waited for it, and files that are whole or not there."""

import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from errno import EACCES, EPERM, EROFS
from pathlib import Path
from typing import IO

NAME = "run.db"
PATIENCE = 10.0  # seconds to wait for another connection that holds the database for a moment
NOT_ALLOWED = (EACCES, EPERM, EROFS)  # the errors of a folder that may not be written
_HALF = re.compile("[\ud800-\udfff]")


def without_halves(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair, which no UTF-8 file can hold; as long as before.

    Half pairs come from tools that cut an emoji in two.
    """
    return _HALF.sub("\ufffd", text)


def sync_folder(folder: Path) -> None:
    """Puts the names in a folder on the disk, not only the files."""
    if os.name == "nt":  # Windows cannot open a folder, and does not need it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replacing(path: Path) -> Generator[IO[bytes]]:
    """A file that takes the place of `path` once all is written and on the disk; a kill leaves the old one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def take_over(folder: Path, to: Path) -> None:
    """A folder under another name too, complete or not at all; left as it is where one is there or none is to take."""
    if to.exists() or not folder.is_dir():
        return
    half = to.with_name(f".{to.name}.{os.getpid()}")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(folder, half, copy_function=_link)
    half.rename(to)


def _link(file: str, to: str) -> None:
    """The same file under another name; a copy where the disk has no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copy2(file, to)
