import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plain_grader import PlainGrader
from real_data import sample, whole

from journey.data.prm800k import read, split_answer
from journey.data.row_records import Imported
from journey.errors import UsageError
from journey.tasks.narration import PROSE
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import shortcut, straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves, wrong_branches
from journey.types import Judgement, Tree, to_json, tree_from_json


def completion(text: str, rating: int | None) -> dict[str, Any]:
    return {"text": text, "rating": rating, "flagged": False}


def step(*completions: dict[str, Any], chosen: int | None = None, human: str | None = None) -> dict[str, Any]:
    written = None if human is None else {"text": human, "rating": None, "source": "human", "flagged": False}
    return {"completions": list(completions), "human_completion": written, "chosen_completion": chosen}


def row(*steps: dict[str, Any], problem: str = "What is 6 times 7?", finish: str | None = "solution") -> dict[str, Any]:
    question = {"problem": problem, "ground_truth_answer": "42"}
    return {"labeler": "x", "question": question, "label": {"steps": list(steps), "finish_reason": finish}}


def imported(tmp_path: Path, *rows: object, name: str = "rows.jsonl") -> Imported:
    file = tmp_path / name
    text = "".join(json.dumps(each) + "\n" for each in rows)
    file.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return asyncio.run(read([file], PlainGrader()))


def outline(tree: Tree) -> list[tuple[int, str, str | None]]:
    return [(node.parent, node.text, node.judgement and node.judgement.verdict) for node in tree.nodes]


RIGHT_END = step(completion("So it is 42.\n\n# Answer\n\n42", 1), chosen=0)


def test_a_mark_at_the_head_of_the_file_is_no_part_of_its_first_row(tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row(RIGHT_END)), encoding="utf-8-sig")
    assert len(asyncio.run(read([file], PlainGrader())).trees) == 1


def test_alternatives_hang_under_the_step_that_was_chosen_before(tmp_path: Path):
    got = imported(
        tmp_path,
        row(
            step(completion("a", 1), completion("b", -1), completion("c", 0), completion("d", None), chosen=0),
            step(completion("e", -1), human="f"),
            RIGHT_END,
        ),
    )
    assert outline(got.trees[0]) == [
        (-1, "a", "right"),
        (-1, "b", "wrong"),
        (-1, "c", "neutral"),
        (-1, "d", None),
        (0, "e", "wrong"),
        (0, "f", None),
        (5, "So it is 42.", "right"),
    ]
    last, human = got.trees[0].nodes[6], got.trees[0].nodes[5]
    assert (last.answer, last.correct) == ("42", True)
    assert human.by == "human" and human.judgement == Judgement(None, reason="written by a person", by="human")
    assert right_leaves(got.trees[0]) == [6] and wrong_branches(got.trees[0]) == [1, 4]
    assert got.listed == []


def test_siblings_that_read_the_same_are_one_with_the_stricter_rating(tmp_path: Path):
    got = imported(tmp_path, row(step(completion("a", 1), completion("a", -1), completion("b", None), human="b")))
    assert outline(got.trees[0]) == [(-1, "a", "wrong"), (-1, "b", None)]
    got = imported(tmp_path, row(step(completion("a", None), completion("a", 1), completion("b", -1), human="b")))
    assert outline(got.trees[0]) == [(-1, "a", "right"), (-1, "b", "wrong")]


def test_the_same_words_with_another_answer_are_another_step(tmp_path: Path):
    wrong = completion("So it is 42.\n\n# Answer\n\n24", -1)
    got = imported(tmp_path, row(step(completion("So it is 42.\n\n# Answer\n\n42", 1), wrong, chosen=0)))
    assert [(node.answer, node.correct) for node in got.trees[0].nodes] == [("42", True), ("24", False)]


def test_rows_of_one_problem_go_under_one_root_and_are_listed_as_merged(tmp_path: Path):
    first = row(step(completion("a", 1), chosen=0), RIGHT_END)
    second = row(step(completion("a", 1), completion("z", -1), chosen=0), RIGHT_END)
    got = imported(tmp_path, first, first, second, row(RIGHT_END, problem="6 * 7?"))
    assert [len(tree.nodes) for tree in got.trees] == [3, 1]
    assert [(note.kind, note.line, note.reason.rsplit("with ")[-1]) for note in got.listed] == [
        ("merged", 2, "no new steps"),
        ("merged", 3, "1 new steps"),
    ]


def test_a_tree_without_a_right_leaf_is_listed_with_its_reason(tmp_path: Path):
    stopped = row(step(completion("a", -1)), finish="give_up")
    wrong = row(step(completion("It is 4.\n\n# Answer\n\n4", 1), chosen=0), problem="p")
    got = imported(tmp_path, stopped, wrong)
    assert len(got.trees) == 2
    assert [(note.kind, note.line, note.reason) for note in got.listed] == [
        ("no thought", 1, "no final answer was reached"),
        ("no thought", 2, "no final answer is the right one"),
    ]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"question": "What?"}, "question"),
        ([1, 2], "the row"),
        (row(RIGHT_END) | {"question": {"problem": "p", "ground_truth_answer": None}}, "no reference answer"),
        (row(), "label.steps"),
        (row(step(completion("a", 5), chosen=0)), "rating"),
        (row(step(completion("a", 1), chosen=3)), "step 1 chooses completion 3 of 1"),
        (row(step(completion("a", 1)), RIGHT_END), "step 1 chooses no completion"),
        (row(step({"rating": 1}, chosen=0)), "text"),
    ],
)
def test_a_row_of_another_shape_is_listed_with_its_line(tmp_path: Path, broken: object, reason: str):
    got = imported(tmp_path, row(RIGHT_END), broken)
    assert len(got.trees) == 1
    assert [(note.kind, note.line) for note in got.listed] == [("no tree", 2)]
    assert reason in str(got.listed[0]) and str(got.listed[0]).startswith(f"{tmp_path / 'rows.jsonl'}:2: ")


def test_missing_completions_and_unknown_fields_are_no_broken_shape(tmp_path: Path):
    human = step(human="I start.") | {"completions": None}
    got = imported(tmp_path, row(human, RIGHT_END) | {"generation": 9}, name="rows.jsonl.gz")
    assert outline(got.trees[0]) == [(-1, "I start.", None), (0, "So it is 42.", "right")]


def test_bad_files_are_one_sentence(tmp_path: Path):
    def failing(content: bytes | None, name: str = "rows.jsonl") -> str:
        file = tmp_path / name
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UsageError) as failed:
            asyncio.run(read([file], PlainGrader()))
        return str(failed.value)

    good = json.dumps(row(RIGHT_END)).encode()
    assert "does not exist" in failing(None)
    assert "is empty" in failing(b"")
    assert "rows.jsonl:3 is not JSON" in failing(good + b"\n\n{oops\n")
    assert "rows.jsonl:2 is not JSON" in failing(good + b"\n" + good[:50])
    assert "UTF-8" in failing(b"\xff\xfe\x00")
    assert "gzip" in failing(b"plain text", "rows.jsonl.gz")
    assert "gzip" in failing(gzip.compress(good)[:60], "rows.jsonl.gz")
    assert "folder" in failing_folder(tmp_path)


def failing_folder(tmp_path: Path) -> str:
    with pytest.raises(UsageError) as failed:
        asyncio.run(read([tmp_path], PlainGrader()))
    return str(failed.value)


def test_answers_are_split_off_and_a_bare_answer_keeps_its_text():
    assert split_answer("It is 4.\n\n# Answer\n\n4") == ("It is 4.", "4")
    assert split_answer("# Answer\n\n4\n\nWait.\n\n# Answer\n\n5") == ("# Answer\n\n4\n\nWait.", "5")
    assert split_answer("# Answer\n\n4") == ("# Answer\n\n4", "4")
    assert split_answer("It is 4.") == ("It is 4.", None)
    assert split_answer("It is 4.\n\n# Answer\n\n") == ("It is 4.\n\n# Answer", None)


@pytest.mark.parametrize(("where", "rows", "trees"), [(sample, 50, 48), (whole, 837, 801)])
def test_all_rows_become_trees_and_every_right_leaf_a_thought(where: Callable[[str], Path], rows: int, trees: int):
    files = [where("prm800k/phase1_test_trees.jsonl")]
    files += [whole("prm800k/phase1_train_trees.jsonl.gz")] if where is whole else []
    got = asyncio.run(read(files, PlainGrader()))
    kinds = Counter(note.kind for note in got.listed)
    assert len(got.problems) == len(got.trees) == len({tree.id for tree in got.trees}) == trees
    assert len(got.trees) + kinds["merged"] + kinds["no tree"] == rows
    assert kinds["no tree"] == 0
    problems = {problem.id: problem for problem in got.problems}
    told = 0
    assert all(tree_from_json(json.loads(json.dumps(to_json(tree)))) == tree for tree in got.trees[::50])
    for tree in got.trees:
        problem = problems[tree.problem]
        for leaf in right_leaves(tree)[:1]:
            long = draft(tree, problem, traverse(tree, leaf, TraverseSettings(), seed=0), PROSE)
            short = draft(tree, problem, straight(tree, leaf), PROSE)
            assert (len(long.text) > len(short.text)) == any(s.kind == "mistake" for s in long.segments)
            told += 1
    assert told + kinds["no thought"] == trees and told > trees / 2


def test_rows_as_upstream_has_them_of_both_phases_become_trees():
    got = asyncio.run(read([sample("prm800k/raw_rows_sample.jsonl")], PlainGrader()))
    assert len(got.trees) == 5
    assert [(note.line, note.reason) for note in got.listed] == [
        (6, "the problem has no reference answer, so no final answer can be checked"),
        (2, "no final answer was reached"),
        (5, "no final answer was reached"),
    ]
    pencils = next(tree for tree in got.trees if tree.nodes[0].text.startswith("Let's call the price of a pencil"))
    problem = next(problem for problem in got.problems if problem.id == pencils.problem)
    assert any(thought.text.endswith("\\boxed{29}") for thought in shortcut(pencils, problem, PROSE))
