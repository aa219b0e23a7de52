"""What a dry run says of trees and thoughts is never passed by what is asked for them, whatever the method."""

from collections.abc import Iterator
from pathlib import Path

import player
import pytest
from commanding import done, sum_row, write_rows
from served import served

NOTE = {"kind": "trial", "text": "3 * 4 = 12, and 12 + 7 = 19."}
NOTES = [{"question": "What is 3 * 4 + 7?", "answer": 19, "notes": [NOTE]}]


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served(player.answer) as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running.url


def held(command: tuple[object, ...]) -> None:
    """Gives the command as a dry run and then truly, and holds what was spent against what was said."""
    most = done(*command, "--json", "--dry-run").data["asked_at_most"]
    spent = done(*command, "--json").data["spent"]
    assert spent
    for row in spent:
        ours = [one for one in most if one["model"] == row["model"]]
        for what in ("calls", "prompt_tokens", "tokens"):
            assert row[what] <= sum(one[what] for one in ours), (what, row, ours)


@pytest.mark.parametrize("flags", [(), ("--set", "judge=rollout:openai/m", "--set", "rollout.n=2")])
def test_growing_asks_no_more_than_was_reckoned(server: str, tmp_path: Path, flags: tuple[str, ...]) -> None:
    sums = write_rows(tmp_path / "sums.jsonl", player.rows(3))
    settings = ("model=openai/m", f"servers.openai.url={server}", f"problems.file={sums}", "problems.split=null")
    given = [part for one in settings for part in ("--set", one)]
    held(("grow", "math_server", "--out", tmp_path / "run", *given, *flags))


@pytest.mark.parametrize(
    "flags",
    [
        ("--method", "propose", "--model", "openai/m"),
        ("--method", "debate", "--model", "openai/m", "--strong", "openai/s"),
        ("--method", "distill", "--strong", "openai/s", "--refine"),
        ("--method", "rewrite", "--strong", "openai/s"),
        ("--method", "annotate", "--strong", "openai/s", "--notes", "NOTES"),
        ("--method", "traverse", "--strong", "openai/s", "--explain", "--refine"),
    ],
    ids=lambda flags: flags[1],
)
def test_a_thought_method_asks_no_more_than_was_reckoned(tmp_path: Path, flags: tuple[str, ...]) -> None:
    sums, notes = write_rows(tmp_path / "sums.jsonl", player.rows(3)), write_rows(tmp_path / "notes.jsonl", NOTES)
    if "traverse" in flags:
        rated = write_rows(tmp_path / "rated.jsonl", [sum_row(n) for n in (3, 4, 5)])
        done("import", "prm800k", rated, "--out", tmp_path / "run")
    else:
        done("import", "problems", sums, "--out", tmp_path / "run")
    held(("derive", tmp_path / "run", *(notes if flag == "NOTES" else flag for flag in flags)))


def test_a_dry_run_of_a_shard_counts_no_answers_and_says_where_the_work_is_done() -> None:
    data = done("run", "countdown", "--shard", "1/2", "--ray", "auto", "--dry-run", "--json").data
    assert data["attempts_at_most"] == 0 and data["models_trained"] == data["seeds"]
    assert data["shard"] == "1/2" and data["ray"].startswith("auto: trees and thoughts by workers of 1 cores")
