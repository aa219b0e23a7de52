"""Puzzles of files: their subjects, and solutions that the tiny base can read."""

from pathlib import Path

from commanding import write_rows

from journey.models.weights import lacking, model_path
from journey.tasks.countdown.sources import read


def test_a_puzzle_of_a_file_keeps_its_subject_and_has_a_solution_in_small_numbers_where_there_is_one(
    tmp_path: Path,
) -> None:
    rows = [
        {"nums": [12, 13, 6], "target": 6 * 13 - 12, "subject": "large"},
        {"nums": [19, 17, 3], "target": 19 * 17 - 3},
    ]
    small, large = read(write_rows(tmp_path / "puzzles.jsonl", rows))
    assert (small.subject, large.subject) == ("large", None)
    assert small.solution is not None and not lacking(model_path("tiny"), [small.solution])
    assert large.solution is not None and "323" in large.solution
