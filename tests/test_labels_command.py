"""What people said in the studio reaches files, thoughts and training rows."""

import json
from pathlib import Path

import pytest
from commanding import done, journey

from journey.store import labels
from journey.store.labels import Label, Written, WrittenNote
from journey.store.run import Run
from journey.thoughts.annotate import read_notes
from journey.trees.mark import verdict
from journey.trees.people import divided, preferred, verdicts_of_steps
from journey.types import Judgement, Node, Tree, Verdict, make_problem

PROBLEM = make_problem("What is $1 + 1$?", "2")
TREE = Tree(
    "t", PROBLEM.id,
    (
        Node(-1, "Let us add.", Judgement("right", 0.9, None, "critic")),
        Node(0, "A short cut: \\boxed{2}", Judgement("wrong", 0.2, "too quick", "critic"), "2", True),
        Node(0, "Count on from one: \\boxed{2}", Judgement("right", 0.8, None, "critic"), "2", True),
        Node(0, "Twice three: \\boxed{6}", Judgement("neutral", 0.4, None, "critic"), "6", False),
    ),
    "policy", "critic",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", [PROBLEM], split="train")
        run.put_all("trees", [TREE])
    return tmp_path / "run"


def say(run: Path, node: int, verdict: Verdict | None, annotator: str = "ann", **fields: object) -> None:
    said = Label("node", annotator, tree="t", node=node, verdict=verdict, judged=True,
                 **{"state": "submitted"} | fields)  # type: ignore[arg-type]  # fmt: skip
    labels.put(run, said)


def rows(run: Path, what: str, to: Path, *more: object) -> list[dict[str, object]]:
    done("export", run, what, "--to", to, *more)
    return [json.loads(line) for line in to.read_text("utf-8").splitlines()]


def test_a_label_changes_the_thought_and_the_row_that_is_trained_on(run: Path, tmp_path: Path):
    done("derive", run)
    before = rows(run, "sft", tmp_path / "before.jsonl")
    say(run, 3, "wrong", reason="Three was never asked for.")
    say(run, 2, "neutral", state="draft")
    said = done("derive", run, "--prefer-labels", "--json").data
    assert said["labelled"] == {"trees": 1, "changed": 1, "turned": 1, "divided": 0}
    after = rows(tmp_path / "run-labelled", "sft", tmp_path / "after.jsonl")
    assert "Three was never asked for." in str(after[0]["completion"])
    assert "Three was never asked for." not in str(before[0]["completion"])
    say(run, 2, "wrong")
    say(run, 1, "right")
    assert "another --out" in journey("derive", run, "--prefer-labels").err
    done("derive", run, "--prefer-labels", "--out", tmp_path / "second")
    turned = rows(tmp_path / "second", "sft", tmp_path / "turned.jsonl", "--arm", "shortcut")
    assert "A short cut" in str(turned[0]["completion"]) and "Count on" not in str(turned[0]["completion"])
    assert rows(run, "sft", tmp_path / "again.jsonl") == before  # the run that was labelled is as it was


def test_the_same_command_again_makes_nothing_twice(run: Path):
    say(run, 3, "wrong")
    first = done("derive", run, "--prefer-labels", "--json").data
    assert done("derive", run, "--prefer-labels", "--json").data["thoughts"] == first["thoughts"]


def test_without_a_submitted_verdict_there_is_nothing_to_prefer(run: Path):
    say(run, 3, "wrong", state="draft")
    said = journey("derive", run, "--prefer-labels")
    assert said.code == 2 and "nobody has submitted a verdict" in said.err
    assert journey("derive", run, "--out", run / "x").code == 2


def test_most_annotators_decide_and_a_tie_or_could_not_say_leaves_the_judges(run: Path):
    for name, given in (("ann", "wrong"), ("bob", "wrong"), ("cleo", "right")):
        say(run, 0, given, name, reason=f"{name} says so")  # type: ignore[arg-type]
    say(run, 1, "right", "ann")
    say(run, 1, "neutral", "bob")
    say(run, 2, None, "ann")
    said = verdicts_of_steps(labels.labels(run))
    assert said == {"t": {0: Judgement("wrong", None, "ann says so", "people")}}
    assert divided(labels.labels(run)) == 1
    tree = preferred(TREE, said["t"])
    assert [verdict(node) for node in tree.nodes] == ["wrong", "wrong", "right", "neutral"]
    assert tree.id != TREE.id and tree.settings["labelled"] == {"of": "t", "steps": 1, "turned": [0]}


def test_a_person_who_agrees_keeps_the_judges_reason_and_score_and_a_cut_off_step_stays_cut_off():
    said = {1: Judgement("wrong", by="people"), 9: Judgement("wrong", by="people")}
    tree = preferred(TREE, said)
    assert tree.nodes[1].judgement == Judgement("wrong", 0.2, "too quick", "people")
    assert tree.settings["labelled"]["turned"] == []
    cut = Tree("c", PROBLEM.id, (Node(-1, "So we", Judgement(None, None, "cut off", "grow")),))
    assert preferred(cut, {0: Judgement("right", by="people")}) is cut
    assert preferred(TREE, {}) is TREE


def test_labels_are_exported_with_all_that_was_said(run: Path, tmp_path: Path):
    assert "no labels" in journey("export", run, "labels", "--to", tmp_path / "x.jsonl").err
    say(run, 3, "wrong", reason="no", step="One and one.", note="look", suggestion="neutral")
    labels.put(run, Label("thought", "bob", thought="th", ratings={"rechecking": 4}))
    found = rows(run, "labels", tmp_path / "labels.jsonl")
    assert [(row["annotator"], row["state"], row["verdict"]) for row in found] == [
        ("ann", "submitted", "wrong"), ("bob", "draft", None),
    ]  # fmt: skip
    assert found[0]["step"] == "One and one." and found[0]["suggestion"] == "neutral" and found[0]["made"]
    assert found[1]["ratings"]["rechecking"] == 4 and found[1]["ratings"]["final_verification"] is None  # type: ignore[index]
    assert len(rows(run, "labels", tmp_path / "bob.jsonl", "--by", "bob")) == 1
    done("export", run, "labels", "--to", tmp_path / "labels.parquet")


def test_notes_written_by_a_person_are_read_by_annotate(run: Path, tmp_path: Path):
    assert "nobody has submitted notes" in journey("export", run, "notes", "--to", tmp_path / "x.jsonl").err
    notes = (WrittenNote("trial", "Add one and one.", "They ask for a sum."), WrittenNote("answer", "\\boxed{2}"))
    labels.put(run, Written(PROBLEM.id, "ann", notes, "submitted"))
    labels.put(run, Written(PROBLEM.id, "bob", notes[1:], "submitted"))
    assert "--by" in journey("export", run, "notes", "--to", tmp_path / "x.jsonl").err
    rows(run, "notes", tmp_path / "notes.jsonl", "--by", "ann")
    (read,) = read_notes(tmp_path / "notes.jsonl")
    assert read.problem.id == PROBLEM.id
    assert [tuple(note) for note in read.notes] == [("trial", "Add one and one.", "They ask for a sum."),
                                                    ("answer", "\\boxed{2}", None)]  # fmt: skip


def test_status_counts_what_each_person_submitted(run: Path) -> None:
    say(run, 1, "right")
    say(run, 2, "right")
    say(run, 2, "wrong", "bob")
    say(run, 3, "wrong", "bob", state="draft")
    labels.put(run, Written(PROBLEM.id, "ann", (WrittenNote("trial", "Count."),), "submitted"))
    data = done("status", run, "--json").data
    assert (data["labels"], data["notes"]) == ({"ann": 2, "bob": 1}, {"ann": 1})
    assert "labels by people" in done("status", run).out
