"""Small pictures for tests, whole and broken, and rows of problems that have them."""

import base64
import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image

QUESTION = "Which colour does the square have?"
COLOURS = ("red", "blue", "green")


def picture(colour: str, form: str = "PNG", size: tuple[int, int] = (16, 16)) -> bytes:
    """A picture of one colour."""
    data = BytesIO()
    Image.new("RGB", size, colour).save(data, form)
    return data.getvalue()


def rows(folder: Path) -> list[dict[str, object]]:
    """One question about pictures in several forms, beside the folder's files, and one without."""
    (folder / "red.png").write_bytes(picture("red"))
    (folder / "blue.dat").write_bytes(picture("blue", "JPEG"))  # what it is, its content says
    uri = f"data:image/webp;base64,{base64.b64encode(picture('green', 'WEBP')).decode()}"
    cells: dict[str, dict[str, object]] = {
        "red": {"image": "red.png"}, "blue": {"images": [{"path": "blue.dat", "bytes": None}]},
        "green": {"images": [{"type": "image_url", "image_url": {"url": uri}}]},
    }  # fmt: skip
    shown: list[dict[str, object]] = [{"question": QUESTION, "answer": name, **cell} for name, cell in cells.items()]
    return [*shown, {"question": "What is 1 + 1?", "answer": "2", "image": None}]


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose header says this size, with a thousand bytes of pixels behind it, whatever the size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def text_bomb() -> bytes:
    """A PNG of one pixel, whose compressed text unpacks to 100 million bytes."""
    packer = zlib.compressobj(9)
    text = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    return png(1, 1, (b"zTXt", b"a\0\0" + text))
