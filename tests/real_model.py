"""The pretrained model for tests marked `real`: skipped with one line where it was not fetched, a failure in CI."""

import os
from pathlib import Path

import pytest

from journey.models import smollm2

NEEDS_MODEL = f"needs the pretrained model: {smollm2.COMMAND}"


def real_model() -> Path:
    """The model's folder."""
    if not smollm2.is_fetched():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NEEDS_MODEL)
    return smollm2.folder()
