"""The start gate ranks models by pass@k at one budget of tokens, from what the run holds or draws."""

from pathlib import Path

import pytest
from commanding import done, journey

from journey.evals.attempts import Decoding, attempt_ids
from journey.store.run import Run
from journey.types import Attempt, ModelRef, make_problem

SAMPLES = 4
RULE = Decoding("gate", 0.7, 1.0, 600, SAMPLES)
RIGHT = {"phase1": (0, 0), "shortcut": (4, 0), "journey": (2, 2)}  # of 4 answers to even and to odd problems
TOKENS = {"phase1": 10, "shortcut": 10, "journey": 20}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two seeds of three arms whose answers are there already."""
    path = tmp_path / "run"
    config = {"recipe": {"seeds": 2, "model": "tiny", "arms": {name: {} for name in RIGHT}}}
    problems = [make_problem(f"{i} + 1", str(i + 1), task="math") for i in range(10)]
    with Run.open(path, config) as into:
        into.put_all("problems", problems, split="validation")
        for seed in (1, 2):
            for arm, right in RIGHT.items():
                folder = path / "models" / f"seed-{seed}" / arm
                folder.mkdir(parents=True)
                (folder / "config.json").write_text("{}")
                ref = ModelRef(f"seed-{seed}/{arm}", seed=seed, arm=arm)
                into.put_all("attempts", [
                    Attempt(id, p.id, ref, "gate", i, "", "1", i < right[n % 2], None, TOKENS[arm], "end", seed)
                    for n, p in enumerate(problems)
                    for i, id in enumerate(attempt_ids(p.id, ref.name, RULE, seed))
                ], split="validation")  # fmt: skip
    return path


ARMS = [word for arm in RIGHT for word in ("--start", arm)]


def test_the_start_that_is_right_now_and_then_on_every_problem_comes_first(run: Path) -> None:
    data = done("eval", "starts", run, "--samples", SAMPLES, *ARMS, "--json").data
    assert data["tokens"] == SAMPLES * 10
    first, second, last = data["starts"]
    assert [row["start"] for row in (first, second, last)] == ["journey", "shortcut", "phase1"]
    assert (first["k"], first["capped"], second["k"]) == (2, False, SAMPLES)
    assert first["pass_k"]["value"] == pytest.approx(1 - 1 / 6)
    assert (first["pass_1"]["value"], second["pass_1"]["value"]) == (0.5, 0.5)
    assert first["behind"] is None
    assert second["behind"]["points"] == pytest.approx(100 * (1 - 1 / 6 - 0.5))
    assert second["behind"]["low"] < second["behind"]["points"] < second["behind"]["high"]
    assert "journey" in done("eval", "starts", run, "--samples", SAMPLES, *ARMS).out


def test_a_greater_budget_says_where_the_samples_are_too_few(run: Path) -> None:
    data = done("eval", "starts", run, "--samples", SAMPLES, "--tokens", 80, *ARMS, "--json").data
    assert {row["start"]: row["capped"] for row in data["starts"]} == {
        "journey": False, "shortcut": True, "phase1": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--start", "journey_empty"], "has no model of 'journey_empty'; known are base, phase1, shortcut, journey"),
        (["--split", "test"], "has no test problems to try starts on"),
        (["--tokens", "0"], "buys no answer"),
        (["--tokens", "nan"], "buys no answer"),
        ([*ARMS, "--tokens", "5"], "5 tokens do not buy one answer"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_a_sentence(run: Path, flags: list[str], sentence: str) -> None:
    result = journey("eval", "starts", run, "--samples", SAMPLES, *flags)
    assert result.code == 2 and sentence in result.err
