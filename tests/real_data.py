"""Real data for tests: samples that ship with the tests, and the whole sets where somebody has put them."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parent / "data" / "real"
WHOLE = Path(os.environ.get("JOURNEY_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
NEEDS_WHOLE = "needs the whole data sets (JOURNEY_TEST_DATA names their folder)"


def sample(name: str) -> Path:
    """The sample of this set, some 50 rows of it; `tests/data/real/README.md` says where it is from."""
    (file,) = (path for path in (SAMPLES / name, SAMPLES / f"{name}.gz") if path.is_file())
    return file


def whole(name: str) -> Path:
    """The whole set; the test that asks for it is skipped, and counted in one line, where it is not here."""
    if not (WHOLE / name).is_file():
        pytest.skip(NEEDS_WHOLE)
    return WHOLE / name


def rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file, compressed or not."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
