"""The list of papers names files that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_file_in_the_list_of_papers_is_there() -> None:
    named = re.findall(r"`(\w+/[\w/]+(?:\.py|/))`", (ROOT / "docs" / "papers.md").read_text("utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "src" / "journey" / name).exists()] == []
