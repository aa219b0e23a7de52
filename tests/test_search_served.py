"""Searches of a served model whose steps a served critic judges: real requests, and who pays for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, write_rows
from fault_server import FaultServer
from player import answer, rows
from served import served


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with served(answer) as running:
        yield running


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A run with eight sums as test problems."""
    file = write_rows(tmp_path / "sums.jsonl", rows(8))
    done("import", "problems", file, "--split", "test", "--out", tmp_path / "run")
    return tmp_path / "run"


def searched(run: Path, *more: object) -> dict[str, Any]:
    asked = ("eval", run, "--model", "openai/m", "--judge", "critic:openai/m", "--set", "search.max_step_tokens=64")
    return done(*asked, *more, "--json").data


def test_a_critic_lifts_a_model_that_errs_and_its_tokens_are_counted(sums: Path) -> None:
    said = searched(sums, "--search", "all", "--set", "search.n=4")
    by_name = {row["search"]: row for row in said["searches"]}
    assert all(row["attempts"] == 8 and row["answered"] == 1.0 for row in by_name.values())
    assert by_name["vote"]["judge_tokens"] == 0
    others = [row for name, row in by_name.items() if name != "vote"]
    assert all(row["accuracy"] > by_name["vote"]["accuracy"] for row in others)
    assert all((row["judge_tokens"] > 0) == (row["judge"] is not None) for row in others)
    (spent,) = said["spent"]
    assert spent["calls"] > 0 and said["notes"] == []
    votes = searched(sums, "--search", "beam", "--set", "search.n=4", "--set", "critic.together=false")
    assert votes["searches"][0]["judge"] == "critic:openai/m[together=False]"
    assert votes["searches"][0]["calls"] > by_name["beam"]["calls"]
    again = searched(sums, "--search", "all", "--set", "search.n=4")
    assert again["searches"] == said["searches"] and again["spent"] == []


def test_what_was_answered_before_a_budget_was_reached_is_not_paid_for_again(sums: Path) -> None:
    asked = ("eval", sums, "--model", "openai/m", "--judge", "critic:openai/m", "--search", "beam", "--json")
    asked += ("--set", "search.max_step_tokens=64", "--set", "search.n=4")
    stopped = journey(*asked, "--max-calls", 12)
    assert stopped.code == 3
    rest = done(*asked).data
    whole = rest["searches"][0]
    assert whole["attempts"] == 8
    fresh = sums.parent / "fresh"
    done("import", "problems", sums.parent / "sums.jsonl", "--split", "test", "--out", fresh)
    other = searched(fresh, "--search", "beam", "--set", "search.n=4")
    assert other["searches"] == rest["searches"]
    assert rest["spent"][0]["calls"] == other["spent"][0]["calls"] - 12
