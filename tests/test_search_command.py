"""journey eval --search: attempts with their whole cost, told apart everywhere, and mistakes said in a sentence."""

import shutil
from pathlib import Path

import pytest
import tiny_models
from commanding import done, journey, small, write_rows

from journey.models import weights
from journey.store.run import Run
from journey.tasks.countdown.puzzle import parse_puzzle, steps
from journey.tasks.countdown.sources import read
from journey.types import label

TESTS = [([6, 7, 8], 50), ([3, 9, 12], 24), ([2, 5, 7], 45)]
QUICK = ("--set", "search.max_step_tokens=24", "--set", "search.depth=3", "--set", "search.max_tokens=60")


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, str]:
    """A run with three puzzles, and a scripted model that knows every step and writes a right solution second."""
    file = write_rows(tmp_path / "tests.jsonl", [{"nums": numbers, "target": target} for numbers, target in TESTS])
    done("import", "puzzles", file, "--split", "test", "--out", tmp_path / "run")
    rows = []
    for problem in read(file):
        puzzle = parse_puzzle(problem.question)
        first = [str(s) for s in small(steps(puzzle.numbers, puzzle.target))]
        right = str(problem.solution)
        wrong = next(s for s in first if s != right.splitlines()[0])
        rows.append({"prompt": problem.question + "\n", "completions": [f"{wrong}\n", f"{right}\n"]})
        for step in small(steps(puzzle.numbers, puzzle.target)):
            after = [f"{last}\n" for last in small(steps(step.rest, puzzle.target))] or ["no"]
            after = sorted(after, key=lambda text: text.strip() not in right)
            rows.append({"prompt": problem.question + "\n", "prefix": f"{step}\n", "completions": after})
            for last in after:  # what a vote reads
                verdict = "Yes" if last.strip() in right else "Wait"
                rows.append(
                    {"prompt": problem.question + "\n", "prefix": f"{step}\n{last.strip()}\n", "completions": [verdict]}
                )
    script = write_rows(tmp_path / "script.jsonl", rows)
    return tmp_path / "run", f"scripted/{script}"


def test_every_search_leaves_one_attempt_a_problem_with_its_cost(world: tuple[Path, str]) -> None:
    run, model = world
    asked = ("eval", run, "--model", model, "--search", "all", "--judge", "exact", "--set", "search.n=2", *QUICK)
    said = done(*asked, "--json").data
    names = ["vote", "best_of_n", "beam", "dvts", "lookahead", "mcts", "tot_bfs", "tot_dfs"]
    assert [row["search"] for row in said["searches"]] == names
    assert all(row["attempts"] == 3 and row["tokens_spent"] > 0 for row in said["searches"])
    by_name = {row["search"]: row for row in said["searches"]}
    assert by_name["best_of_n"]["accuracy"] == 1.0 == by_name["beam"]["accuracy"]
    with Run.read(run) as of:
        models = {label(a.model) for a in of.attempts()}
        before = of.count("attempts")
    assert len(models) == 8 and "scripted+beam n=2 max_step_tokens=24 depth=3 judge=exact" in models
    again = done(*asked, "--json").data
    assert again == said
    with Run.read(run) as of:
        assert of.count("attempts") == before
    status = done("status", run, "--json").data
    assert len(status["attempts"]) == 8
    assert "Accuracy against tokens spent" in (Path(said["report"]) / "report.html").read_text()


def test_sizes_make_a_curve_and_runs_compare_searches(world: tuple[Path, str]) -> None:
    run, model = world
    asked = ("eval", run, "--model", model, "--search", "vote", "--search", "best_of_n", "--judge", "exact",
             "--set", "search.aggregate=product")  # fmt: skip
    said = done(*asked, "--set", "search.n=[1,2]", *QUICK[4:], "--json").data
    names = [row["model"] for row in said["searches"]]
    assert ["aggregate" in row["settings"] for row in said["searches"]] == [False, False, True, True]
    assert [row["settings"]["n"] for row in said["searches"]] == [1, 2, 1, 2]
    compared = done("compare", run, run, "--model", names[2], "--other-model", names[3], "--json").data
    assert compared["models"][0]["fixed"] == 3
    assert done("report", run, "--json").data["search"][0]["problems"] == 3


def test_rollouts_of_a_judge_are_set_by_flags_and_named_in_the_attempts(world: tuple[Path, str]) -> None:
    run, model = world
    asked = ("eval", run, "--model", model, "--search", "best_of_n", "--judge", "rollout:tiny", *QUICK[4:],
             "--set", "search.n=[2,2]", "--set", "rollout.max_tokens=40", "--json")  # fmt: skip
    one = done(*asked, "--set", "rollout.n=1").data["searches"]
    two = done(*asked, "--set", "rollout.n=6").data["searches"]
    assert len(one) == len(two) == 1
    assert two[0]["judge"].endswith("[rollout.max_tokens=40,rollout.n=6]") and one[0]["model"] != two[0]["model"]
    assert one[0]["attempts"] == two[0]["attempts"] == 3
    assert 0 < one[0]["judge_tokens"] < two[0]["judge_tokens"]


def test_searches_by_a_judge_that_was_trained_anew_in_its_place_are_refused(
    world: tuple[Path, str], tmp_path: Path
) -> None:
    run, model = world
    place = tmp_path / "judge"
    shutil.copytree(Path(weights.model_path("tiny")), place)
    asked = ("eval", run, "--model", model, "--search", "best_of_n", "--judge", f"rollout:hf/{place}", *QUICK[4:],
             "--set", "search.n=2", "--set", "rollout.n=1", "--set", "rollout.max_tokens=4")  # fmt: skip
    done(*asked)
    done(*asked)
    tiny_models.save_word_model(place, width=32, seed=1)
    refused = journey(*asked)
    assert refused.code == 2 and "with other weights than it has now" in refused.err


def test_a_dry_run_says_the_most_and_does_nothing(world: tuple[Path, str]) -> None:
    run, model = world
    said = done("eval", run, "--model", model, "--search", "vote", "--set", "search.n=4", "--dry-run", "--json").data
    assert said["asked_at_most"]
    with Run.read(run) as of:
        assert of.count("attempts") == 0


@pytest.mark.parametrize(
    ("flags", "mend"),
    [
        (("--search", "astar"), "known are vote"),
        (("--search", "beam"), "--judge exact"),
        (("--judge", "exact"), "--search best_of_n"),
        (("--search", "vote", "--samples", "3"), "--set search.temperature"),
        (("--search", "vote", "--set", "search.m=3"), "no setting m"),
        (("--search", "all", "--judge", "exact", "--set", "search.foo=3"), "no setting foo"),
        (("--search", "vote", "--set", "n=3"), "--set search.n=8"),
        (("--search", "vote", "--set", "search.n=none"), "n is 'none'"),
        (("--search", "vote", "--set", "search=3"), "--set search.n=8"),
        (("--search", "beam", "--judge", "nobody"), "no judge 'nobody'"),
        (("--search", "beam", "--judge", "critic"), "critic:"),
        (("--search", "beam", "--judge", "exact", "--set", "search.n=6"), "multiple of the width"),
    ],
)
def test_mistakes_are_one_sentence_with_the_mend(world: tuple[Path, str], flags: tuple[str, ...], mend: str) -> None:
    run, model = world
    said = journey("eval", run, "--model", model, *flags)
    assert said.code == 2 and mend in said.err and "Traceback" not in said.err
