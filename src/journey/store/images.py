"""The pictures of a run's problems: PNG, JPEG and WebP files in its folder `images`, named by their SHA-256.

What a file is, its content says and not its name. Its size is read from its header before anything is decoded.
"""

import base64
import os
import re
import shutil
import struct
import warnings
import zlib
from collections.abc import Iterable
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store.files import replacing

FOLDER = "images"
MOST_BYTES = 20_000_000
MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
ENDINGS = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp"}
"""The endings of files by Pillow's name of their form; cameras write MPO, a JPEG with more behind it."""
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_MEND = "give a PNG, JPEG or WebP file"
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, MemoryError, struct.error, zlib.error)


def name_of(data: bytes, what: str) -> tuple[str, str]:
    """The name of a picture and the ending of its file, once it is known to be whole and not too large.

    `what` says in a message where it stands. Raises UsageError.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"{what} has {len(data):,} bytes and pictures have at most {MOST_BYTES:,}; make it smaller")
    image = _pillow()
    too_large = f"{what} has too many pixels, and pictures have at most {MOST_PIXELS:,}; make it smaller"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", image.DecompressionBombWarning)
            opened = image.open(BytesIO(data), formats=FORMATS)  # reads the header alone
        width, height = opened.size
        if width * height > MOST_PIXELS:
            raise UsageError(too_large.replace("too many pixels", f"{width:,} x {height:,} pixels"))
        opened.load()
    except image.DecompressionBombError:
        raise UsageError(too_large) from None
    except _BROKEN as error:
        head = data[:500].lstrip().lower()
        if head.startswith((b"<svg", b"<?xml", b"<!doctype")):
            raise UsageError(f"{what} is no picture of pixels but SVG, XML or HTML; {_MEND}") from None
        is_other = isinstance(error, image.UnidentifiedImageError)
        raise UsageError(f"{what} is no {'' if is_other else 'whole '}PNG, JPEG or WebP picture; {_MEND}") from None
    return sha256(data).hexdigest(), ENDINGS[opened.format]


def put(run: Path, data: bytes, what: str) -> str:
    """Stores a picture in the run in that folder, once; its name. Raises UsageError for what is none (`name_of`)."""
    name, ending = name_of(data, what)
    if find(run, name) is None:
        (run / FOLDER).mkdir(parents=True, exist_ok=True)
        with replacing(run / FOLDER / f"{name}.{ending}") as file:
            file.write(data)
    return name


def find(run: Path, name: str) -> Path | None:
    """The file of a picture of the run in that folder; null where there is none, or no such name."""
    if not re.fullmatch(r"[0-9a-f]{64}", name):
        return None
    files = (run / FOLDER / f"{name}.{ending}" for ending in MEDIA_TYPES)
    return next((file for file in files if file.is_file()), None)


def read(run: Path, name: str) -> tuple[bytes, str]:
    """The bytes of a picture and its media type. Raises UsageError where it is missing, or is not what was stored."""
    file = find(run, name)
    data = b"" if file is None else file.read_bytes()
    if file is None or sha256(data).hexdigest() != name:
        lack = "is missing in" if file is None else "is not as it was stored in"
        raise UsageError(f"the picture {name} {lack} {run / FOLDER}; import the problems with their pictures again")
    return data, MEDIA_TYPES[file.suffix[1:]]


def data_uri(run: Path, name: str) -> str:
    """A picture as a data: URI. Raises UsageError as `read` does."""
    data, media = read(run, name)
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def take(names: Iterable[str], source: Path, to: Path) -> None:
    """Brings pictures of one run's folder into another's. Raises UsageError where one is missing."""
    for name in dict.fromkeys(names):
        if find(to, name) is not None:
            continue
        read(source, name)
        file = find(source, name)
        assert file is not None
        (to / FOLDER).mkdir(parents=True, exist_ok=True)
        _link(file, to / FOLDER / file.name)


def _link(file: Path, to: Path) -> None:
    """The same file under another name; a copy, whole or not there, where the disk has no links."""
    try:
        os.link(file, to)
    except FileExistsError:
        return
    except OSError:
        with file.open("rb") as source, replacing(to) as copy:
            shutil.copyfileobj(source, copy)


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise UsageError("pictures need Pillow: pip install 'journey-learning[pictures]'") from None
