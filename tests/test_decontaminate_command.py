"""journey decontaminate: what touches is said, leaves the training rows, and can come back; nothing is deleted."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from journey.data.problems import part
from journey.data.tested import trained
from journey.pipeline.arm_rows import thought_rows
from journey.pipeline.labelled_run import labelled_run
from journey.store import labels
from journey.store.excluded import exclude, excluded, restore
from journey.store.labels import Label
from journey.store.run import Run
from journey.types import (
    Attempt,
    Judgement,
    ModelRef,
    Node,
    Problem,
    Segment,
    Thought,
    Tree,
    content_hash,
    make_problem,
)

TESTED = "A farmer has seventeen sheep, and all of them but nine run away over the hill. How many has he left now?"
SAME = make_problem(f"{TESTED} ", "9")
TOLD = make_problem("What is the number of corners of a cube?", "8")
CLEAN = make_problem("How many days has a week that is as long as others?", "7")
FIRST = make_problem("What is the sum of six and seven?", "13", solution=f"It is easier than this: {TESTED}")


def thought(problem: Problem, text: str) -> Thought:
    segments = (Segment("step", text, None, 0, len(text)),)
    return Thought(content_hash(problem.id, text), problem.id, None, "traverse", segments, text, text, problem.answer)


def attempt(problem: Problem, text: str, *, right: bool, split: str = "train") -> Attempt:
    id = content_hash(problem.id, text, split)
    return Attempt(id, problem.id, ModelRef("m"), "sampled", int(right), text, problem.answer, right, None, 5, "end", 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Of three training problems one is a tested one, and a thought of the second quotes it."""
    path = tmp_path / "run"
    with Run.open(path) as into:
        into.put_all("problems", [make_problem(TESTED, "9")], split="test")
        into.put_all("problems", [SAME, TOLD, CLEAN], split="train")
        thoughts = [thought(SAME, "All but nine, so nine."), thought(TOLD, f"Wait, as in: {TESTED} No. Eight.")]
        into.put_all("thoughts", [*thoughts, thought(CLEAN, "Seven.")])
        for problem in (TOLD, CLEAN):
            tries = [attempt(problem, "so it is", right=True), attempt(problem, "so it is not", right=False)]
            into.put_all("attempts", tries, split="train")
            nodes = (Node(-1, "A step.", Judgement("right", by="j")), Node(0, "Another.", None, problem.answer, True))
            into.put_all("trees", [Tree(content_hash("t", problem.id), problem.id, nodes)])
    return path


def rows(run: Path, what: str, to: Path) -> int:
    return done("export", run, what, "--to", to, "--json").data["rows"]


def test_what_touches_is_counted_and_shown_and_ends_with_one(run: Path) -> None:
    said = journey("decontaminate", run, "--json")
    assert said.code == 1
    data = said.data
    assert data["looked"] == {"question": 3, "solution": 0, "thought": 3, "tree": 2, "attempt": 4}
    assert data["touching"] == {"question": 1, "solution": 0, "thought": 1, "tree": 0, "attempt": 0}
    assert data["problems"] == {"touching": 2, "same": 1, "whole": 1, "ngram": 0, "picture": 0, "half_or_more": 2}
    (against,) = data["against"]
    assert (against["problems"], against["touched"], against["same"]) == (1, 1, 1)
    assert [(t["problem"], t["kind"], t["how"]) for t in data["touches"]] == [
        (SAME.id, "question", "same"),
        (TOLD.id, "thought", "whole"),
    ]
    shown = journey("decontaminate", run)
    assert shown.code == 1
    assert "A farmer has seventeen sheep" in shown.out
    assert "2 problems that are trained on touch what is tested" in shown.out
    assert "the same command with --drop" in " ".join(shown.out.split())  # with what --against and --ngram named


def test_a_run_that_trains_on_nothing_is_not_called_clean(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run") as into:
        into.put_all("problems", [SAME], split="test")
    said = journey("decontaminate", tmp_path / "run")
    assert said.code == 0
    assert "nothing was compared" in said.out
    assert "nothing that is trained on touches" not in said.out


def test_dropped_problems_leave_every_kind_of_rows_and_come_back(run: Path, tmp_path: Path) -> None:
    before = {what: rows(run, what, tmp_path / "rows.jsonl") for what in ("sft", "dpo", "prm", "problems", "thoughts")}
    assert before == {"sft": 3, "dpo": 2, "prm": 2, "problems": 4, "thoughts": 3}
    said = done("decontaminate", run, "--drop", "--json").data
    assert (said["excluded_now"], said["excluded_before"]) == (2, 0)
    after = {what: rows(run, what, tmp_path / f"{what}.jsonl") for what in before}
    assert after == {"sft": 1, "dpo": 1, "prm": 1, "problems": 4, "thoughts": 3}
    assert "sheep" not in (tmp_path / "sft.jsonl").read_text()
    again = done("decontaminate", run, "--json").data
    assert (again["excluded_before"], again["problems"]["touching"]) == (2, 0)
    assert done("decontaminate", run, "--restore", "--json").data["restored"] == 2
    assert {what: rows(run, what, tmp_path / "rows.jsonl") for what in before} == before


def test_a_run_of_which_all_is_dropped_says_so_where_rows_are_wanted(run: Path, tmp_path: Path) -> None:
    with Run.open(run) as into:
        exclude(into, [SAME.id, TOLD.id, CLEAN.id], {})
    said = journey("export", run, "sft", "--to", tmp_path / "rows.jsonl")
    assert said.code == 2
    assert "holds no thoughts" in said.err
    assert "3 problems are taken out of training" in said.err
    assert done("status", run, "--json").data["excluded"] == 3


def test_recipes_and_runs_made_from_this_one_leave_them_out_too(run: Path, tmp_path: Path) -> None:
    done("decontaminate", run, "--drop")
    with Run.read(run) as of:
        assert [p.id for p in part(of, "train")] == [CLEAN.id]
        assert len(part(of, "test")) == 1
        assert len(thought_rows(of, "traverse")) == 1
    tree = content_hash("t", CLEAN.id)
    labels.put(run, Label("node", "ann", tree=tree, node=0, verdict="right", judged=True, state="submitted"))
    labelled_run(run, tmp_path / "labelled")
    with Run.read(tmp_path / "labelled") as labelled:
        assert excluded(labelled) == {SAME.id, TOLD.id}


@settings(max_examples=15)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from("abcde"))), max_size=6))
def test_marks_add_up_until_all_come_back(marks: list[tuple[bool, set[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Run.open(Path(folder, "run")) as run:
        wanted: set[str] = set()
        for back, ids in marks:
            if back:
                assert restore(run) == len(wanted)
                wanted = set()
            else:
                exclude(run, ids, {})
                wanted |= ids
            assert excluded(run) == wanted


def test_a_tested_problem_that_a_thought_tells_is_found_and_still_tested(run: Path, tmp_path: Path) -> None:
    told = make_problem("Name the smallest even prime number that there is.", "2")
    with Run.open(run) as into:
        into.put_all("problems", [told], split="validation")
        into.put_all("thoughts", [thought(told, "Two.")])
    data = done("decontaminate", run, "--drop", "--json").data
    assert (told.id, "question", "same") in [(t["problem"], t["kind"], t["how"]) for t in data["touches"]]
    with Run.read(run) as of:
        assert told.id in excluded(of)
        assert of.ids("problems", split="validation") == {told.id}


def test_solutions_of_phase_1_are_looked_at_and_attempts_at_tests_are_not(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run") as into:
        test = make_problem(TESTED, "9")
        into.put_all("problems", [test], split="test")
        into.put_all("problems", [FIRST], split="phase1")
        into.put_all("attempts", [attempt(test, TESTED, right=True, split="test")], split="test")
    with Run.read(tmp_path / "run") as of:
        assert [item.kind for item in trained(of)] == ["question", "solution"]
    (touch,) = journey("decontaminate", tmp_path / "run", "--json").data["touches"]
    assert (touch["kind"], touch["how"]) == ("solution", "whole")


@pytest.mark.parametrize("by_name", [True, False])
def test_files_benchmarks_and_other_runs_are_compared_with(run: Path, tmp_path: Path, by_name: bool) -> None:
    file = write_rows(tmp_path / "bench.jsonl", [{"problem": CLEAN.question, "answer": "7"}])
    name = f"MATH500={file}" if by_name else str(file)
    data = journey("decontaminate", run, "--against", name, "--against", run, "--json").data
    assert [row["problems"] for row in data["against"]] == [1, 1]
    assert [row["touched"] for row in data["against"]] == [1, 1]
    assert {t["against"] for t in data["touches"]} == {"MATH500" if by_name else str(file), f"{run} test"}
    with Run.open(tmp_path / "other") as other:
        other.put_all("problems", [CLEAN], split="test")
    data = journey("decontaminate", run, "--against", tmp_path / "other", "--json").data
    assert [t["problem"] for t in data["touches"]] == [CLEAN.id]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "MATH501"], "no run, file or known benchmark"),
        (["--against", "CN-math-2024"], "give its file"),
        (["--against", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--ngram", "3"], "ngram"),
        (["--share", "2"], "share"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(run: Path, arguments: list[Any], said: str) -> None:
    refused = journey("decontaminate", run, *arguments)
    assert (refused.code, said in refused.err) == (2, True)


def test_a_run_without_tests_asks_for_them(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run") as into:
        into.put_all("problems", [CLEAN], split="train")
    refused = journey("decontaminate", tmp_path / "run")
    assert refused.code == 2
    assert "--against" in refused.err


def test_one_picture_in_two_questions_touches(tmp_path: Path) -> None:
    shown, other = "a" * 64, "b" * 64
    with Run.open(tmp_path / "run") as into:
        for question, images, split in (
            ("How many bars are taller than the first one of them?", (shown,), "train"),
            ("What is the colour of this?", (other,), "train"),
            ("Which of all the columns here is the widest one?", (other[:-1] + "c", shown), "test"),
        ):
            into.put_all("problems", [make_problem(question, "3", images=images)], split=split)
    found = journey("decontaminate", tmp_path / "run", "--json")
    assert found.code == 1 and found.data["problems"]["picture"] == found.data["problems"]["touching"] == 1
    assert found.data["against"][0]["picture"] == 1 and found.data["touches"][0]["shared"] == shown
    assert "the same picture" in journey("decontaminate", tmp_path / "run").out
    done("decontaminate", tmp_path / "run", "--drop")
    assert done("decontaminate", tmp_path / "run", "--json").data["problems"]["touching"] == 0


def test_hostile_texts_move_no_cursor(tmp_path: Path) -> None:
    hostile = f"\x1b[2J[bold]{TESTED}[/bold]\x07"
    with Run.open(tmp_path / "run") as into:
        into.put_all("problems", [make_problem(hostile, "9")], split="test")
        into.put_all("problems", [make_problem(f"{hostile} Say.", "9")], split="train")
    said = journey("decontaminate", tmp_path / "run")
    assert said.code == 1
    assert "\x1b" not in said.out
    assert "[bold]" in said.out
