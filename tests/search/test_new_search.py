"""A new search is one function and one line in the table: this file's, put into the table by its test."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from commanding import PUZZLES, done, write_rows

from journey.search.candidate import SearchContext, attempt, samples
from journey.search.cost import counting
from journey.search.methods import SEARCHES, Search
from journey.search.settings import WholeSettings
from journey.types import Attempt, Problem


@dataclass(frozen=True, slots=True)
class ShortestSettings(WholeSettings):
    """`least`: solutions of fewer tokens are passed over."""

    least: int = 1


async def shortest(problem: Problem, context: SearchContext, settings: ShortestSettings) -> Attempt:
    """The shortest finished solution."""
    with counting(context) as (context, tally):
        drawn = await samples(problem, context, settings)
    finished = [one for one in drawn if one.answer is not None and one.tokens >= settings.least]
    winner = min(finished, key=lambda one: one.tokens, default=None)
    return attempt(problem, context, "shortest", settings, tally.spent(), winner, drawn)


def test_a_search_from_outside_is_set_estimated_run_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SEARCHES, "shortest", Search("shortest", ShortestSettings, shortest, judged=False))
    rows = [{"nums": numbers, "target": target} for numbers, target in PUZZLES[:2]]
    run = tmp_path / "run"
    done("import", "puzzles", write_rows(tmp_path / "p.jsonl", rows), "--out", run, "--split", "test")
    flags = ("eval", run, "--model", "tiny", "--search", "shortest", "--set", "search.n=2", "--set", "search.least=3",
             "--set", "search.max_tokens=60", "--json")  # fmt: skip
    (most,) = done(*flags, "--dry-run").data["asked_at_most"]
    assert (most["purpose"], most["calls"], most["tokens"]) == ("shortest n=2", 2, 2 * 2 * 60)
    (row,) = done(*flags).data["searches"]
    assert row["model"] == "tiny+shortest n=2 max_tokens=60 least=3" and row["attempts"] == 2
    assert 0 < 2 * row["model_tokens"] <= most["tokens"]
    assert "shortest" in (run / "report" / "report.md").read_text("utf-8")
