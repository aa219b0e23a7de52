"""journey eval: several samples, levels and subjects, and forced budgets, from the command to the report."""

import shutil
from pathlib import Path

import pytest
from commanding import done, journey, write_rows

from journey import prompts
from journey.store.entries import Training
from journey.store.run import Run

QUESTIONS = [("What is 1+1?", "2", "1", "algebra"), ("What is 2+2?", "4", "2", "geometry")]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two problems of different levels, whose scripted model lies beside the run."""
    rows = [{"problem": q, "answer": a, "level": lv, "subject": s} for q, a, lv, s in QUESTIONS]
    file = write_rows(tmp_path / "tests.jsonl", rows)
    done("import", "problems", file, "--split", "test", "--out", tmp_path / "run")
    return tmp_path / "run"


def script(run: Path, *answers: list[str], after: dict[str, str] | None = None) -> str:
    rows = [
        {"prompt": prompts.fill("math", question=question), "completions": those}
        for (question, *_), those in zip(QUESTIONS, answers, strict=True)
    ]
    rows += [
        {"prompt": prompts.fill("math", question=question), "prefix": prefix, "completions": [text]}
        for question, *_ in QUESTIONS
        for prefix, text in (after or {}).items()
    ]
    return f"scripted/{write_rows(run.parent / 'script.jsonl', rows)}"


def test_samples_give_pass_and_majority_and_groups(run: Path) -> None:
    model = script(run, ["\\boxed{2}", "\\boxed{3}", "\\boxed{2}", "no idea"], ["\\boxed{5}"])
    asked = ("eval", run, "--model", model, "--decoding", "sampled", "--samples", "4")
    said = done(*asked, "--json").data
    assert [at["k"] for at in said["at_k"]] == [1, 2, 4]
    assert [at["pass"]["value"] for at in said["at_k"]] == pytest.approx([0.25, 0.5 * (1 - 1 / 6), 0.5])
    assert said["at_k"][-1]["maj"]["value"] == 0.5
    assert {(row["by"], row["group"]): row["accuracy"] for row in said["groups"]} == {
        ("level", "1"): 0.5, ("level", "2"): 0.0, ("subject", "algebra"): 0.5, ("subject", "geometry"): 0.0,
    }  # fmt: skip
    told = done(*asked).out
    assert "pass@4" in told and "level 1" in told
    figures = done("report", run, "--json").data
    ((_, curve),) = figures["votes"].items()
    assert [point["k"] for point in curve] == [1, 2, 4]
    assert all(point["pass_low"] <= point["pass"] <= point["pass_high"] for point in curve)
    text = (run / "report" / "report.md").read_text()
    assert "By level and subject" in text and "Several samples a problem" in text


def test_a_name_that_means_no_model_is_refused_with_those_of_the_run(run: Path) -> None:
    with Run.open(run) as of:
        of.add(Training("seed-1/journey", [], 7, seconds=1, seed=1, arm="journey"))
    for command in (("eval", run), ("train", "rl", run)):
        refused = journey(*command, "--model", "seed-1/journy")
        assert refused.code == 2 and "has trained seed-1/journey" in refused.err


def test_a_forced_budget_has_a_name_of_its_own_and_honest_costs(run: Path) -> None:
    after = {"I guess \\boxed{9}\nWait": ", it is \\boxed{2}"}
    model = script(run, ["I guess \\boxed{9}"], ["I guess \\boxed{9}"], after=after)
    plain = done("eval", run, "--model", model, "--json").data
    forced = done("eval", run, "--model", model, "--set", "budget.waits=1", "--json").data
    assert (plain["right"], forced["right"]) == (0, 1)
    assert (plain["decoding"], forced["decoding"]) == ("greedy", "greedy budget.waits=1")
    assert forced["tokens"] > plain["tokens"]
    dry = done("eval", run, "--model", model, "--set", "budget.waits=1", "--dry-run", "--json").data
    assert dry["asked_at_most"]


@pytest.mark.parametrize(
    ("flags", "mend"),
    [
        (("--set", "budget.wait_s=1"), "did you mean"),
        (("--set", "budget.min=5"), "budget.waits"),
        (("--set", "budget.max=5", "--search", "vote"), "sampling is set by"),
        (("--set", "temperature=1"), "--search"),
    ],
)
def test_mistakes_are_said_in_a_sentence(run: Path, flags: tuple[str, ...], mend: str) -> None:
    failed = journey("eval", run, "--model", script(run, ["1"], ["1"]), *flags)
    assert failed.code == 2
    assert mend in failed.err


def test_code_runs_only_where_it_is_allowed(tmp_path: Path) -> None:
    head, tests = "def one():\n", "def check(f):\n    assert f() == 1\n"
    row = {"prompt": head, "test": tests, "entry_point": "one", "canonical_solution": "    return 1\n"}
    file = write_rows(tmp_path / "code.jsonl", [row])
    done("import", "benchmark", "HumanEval", file, "--out", tmp_path / "run")
    answers = [{"prompt": prompts.fill("code", question=head), "completions": ["    return 1"]}]
    asked = ("eval", tmp_path / "run", "--model", f"scripted/{write_rows(tmp_path / 'answers.jsonl', answers)}")
    refused = journey(*asked)
    assert refused.code == 2 and "--allow-code" in refused.err
    if shutil.which("bwrap") is None:
        refused = journey(*asked, "--allow-code")
        assert refused.code == 2 and "install the package bubblewrap" in refused.err
    else:
        said = done(*asked, "--allow-code", "--json").data
        assert said["right"] == 1 or said["unjudged"] == 1  # null where this machine makes no sandbox
