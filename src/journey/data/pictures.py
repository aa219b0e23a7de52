"""The pictures in the rows of anybody's data: bytes, data: URIs, Base64, files beside the data; nothing is fetched."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store.datafiles import Row
from journey.store.images import MOST_BYTES, name_of

Keep = Callable[[bytes, str], str]
"""What becomes of a picture's bytes, found at the place named second: its name."""
NAMES = ("images", "image", "decoded_image", "image_url", "figure")
"""The columns of pictures by their usual names, the first that holds one counts; so do image_1, image_2, ..."""
_NUMBERED = re.compile(r"image_?\d+")
_LONGEST_PATH = 1024


def only_name(data: bytes, what: str) -> str:
    """A Keep that stores nothing. Raises UsageError for what is no picture."""
    return name_of(data, what)[0]


def pictures(row: Row, column: str | None, base: Path, place: str, keep: Keep) -> tuple[str, ...]:
    """The names of a row's pictures, in their order, each once.

    `column` null: found by its usual name. Paths are of files in the folder `base` or below it. Raises UsageError for
    what is no picture, for addresses in the network, and for files elsewhere.
    """
    cells = [row[column]] if column is not None else _usual(row)
    found = [data for cell in cells for data in _bytes(cell, base, place)]
    return tuple(dict.fromkeys(keep(data, f"{place}: picture {i}") for i, data in enumerate(found, 1)))


def _usual(row: Row) -> list[Any]:
    """The cells that hold pictures by the names of their columns."""
    plain = {str(name).strip().casefold(): cell for name, cell in row.items()}
    numbered = [cell for name, cell in plain.items() if _NUMBERED.fullmatch(name)]
    # MathVista's rows have a path in `image` and the picture itself in `decoded_image`.
    if isinstance(plain.get("decoded_image"), dict):
        return [plain["decoded_image"]]
    return next(([plain[name]] for name in NAMES if plain.get(name)), numbered)


def _bytes(cell: Any, base: Path, place: str) -> Iterator[bytes]:
    """The pictures of a cell: none, one, or those of a list of cells."""
    match cell:
        case None | bool() | "":
            return
        case list() | tuple():
            for one in cell:
                yield from _bytes(one, base, place)
        case bytes():
            yield cell
        case str():
            yield _of_text(cell.strip(), base, place)
        case {"bytes": bytes(data)} if data:  # the form of Hugging Face's data sets
            yield data
        case {"type": str(), "text": str()}:
            return  # a part of a message that is text
        case dict():
            names = ("bytes", "path", "url", "image_url", "image", "base64")
            inner = next((cell[name] for name in names if cell.get(name)), None)
            if inner is None and not any(name in cell for name in names):
                raise UsageError(f"{place}: a picture is an object with {', '.join(map(str, cell)) or 'nothing'}; give "
                                 "it as bytes, path, or data: URI")  # fmt: skip
            yield from _bytes(inner, base, place)
        case _:
            raise UsageError(f"{place}: {str(cell)[:40]!r} is no picture; give its path, its bytes or a data: URI")


def _of_text(text: str, base: Path, place: str) -> bytes:
    """The picture that a text means: a data: URI, the path of a file, or Base64."""
    if re.match(r"data:", text, re.I):
        head, comma, body = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise UsageError(f"{place}: a data: URI without Base64 is no picture; write data:image/png;base64,...")
        return _decoded(body, place)
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.I):
        raise UsageError(
            f"{place}: the picture is the address {text[:80]!r}, and nothing is fetched; download it and "
            "give its path, or leave the column out"
        )
    if len(text) <= _LONGEST_PATH and "\0" not in text and (data := _of_file(text, base, place)) is not None:
        return data
    if len(text) < 64 or not re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}\s*", text):
        raise UsageError(
            f"{place}: there is no picture {text[:80]!r} in {base}; put it there, since paths are relative to the "
            "data's file, or leave the column out"
        )
    return _decoded(text, place)


def _of_file(text: str, base: Path, place: str) -> bytes | None:
    """The bytes of a file in the folder `base`; null where there is none."""
    try:
        file, inside = (base / text).resolve(), base.resolve()
        if not file.is_file():
            return None
        if not file.is_relative_to(inside):
            raise UsageError(f"{place}: the picture {text[:80]!r} lies outside {base}; put it beside the data's file")
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{place}: {text[:80]!r} has more than {MOST_BYTES:,} bytes; make the picture smaller")
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{place}: the picture {text[:80]!r} cannot be read ({error.strerror}); mend it") from None


def _decoded(text: str, place: str) -> bytes:
    if len(text) > MOST_BYTES * 3 // 2:
        raise UsageError(f"{place}: a picture has more than {MOST_BYTES:,} bytes; make it smaller")
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"{place}: a picture is no whole Base64; write it again, or give its path") from None
