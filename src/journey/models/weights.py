"""Which weights lie in a folder, known by their content; nothing is loaded."""

import hashlib
from pathlib import Path

SAMPLE = 1 << 20  # bytes hashed at both ends of a weights file too large to hash whole
WHOLE = 1 << 28


def folder_hash(folder: Path) -> str:
    """A hash of the folder's safetensors: of their names, sizes and bytes, of both ends of large ones."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as data:
            if size <= WHOLE:
                digest.update(data.read())
            else:
                digest.update(data.read(SAMPLE))
                data.seek(-SAMPLE, 2)
                digest.update(data.read())
    return digest.hexdigest()[:16]
