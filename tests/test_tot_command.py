"""journey import tot: the public logs of Tree of Thoughts become trees that thoughts are derived from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, write_rows
from real_data import rows, sample, whole

from journey.data.thought_logs import in_own_words, votes
from journey.store.run import Run
from journey.trees.mark import path_texts, right_leaves
from journey.types import Tree

GAME, WORDS = "trees/tot_game24_bfs.jsonl", "trees/tot_crosswords_dfs.jsonl"


def trees(run: Path) -> list[Tree]:
    with Run.read(run) as of:
        return list(of.trees())


def solved(row: Mapping[str, Any]) -> bool:
    return any(one["r"] == 1 for one in row["infos"])


def test_logs_of_the_game_of_24_become_trees_whose_thoughts_go_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = done("import", "tot", sample(GAME), "--out", run, "--json").data
    logged = rows(sample(GAME))
    assert (said["rows"], said["trees"], said["judges"]) == (6, 6, ["votes"])
    assert sum(any(node.correct for node in tree.nodes) for tree in trees(run)) == sum(map(solved, logged))
    done("derive", run, "--method", "traverse")
    with Run.read(run) as of:
        thoughts = list(of.thoughts())
        assert {problem.task for problem in of.problems()} == {"countdown"}
    assert thoughts and any(segment.kind == "backtrack" for one in thoughts for segment in one.segments)
    assert done("import", "tot", sample(GAME), "--out", run, "--json").data["trees"] == 6 == len(trees(run))


def test_crosswords_become_trees_with_their_clues_where_the_puzzles_are_given(tmp_path: Path) -> None:
    done("import", "tot", sample(WORDS), sample("puzzles/mini_crosswords.jsonl"), "--out", tmp_path / "run")
    pruned, whole_tree = sorted(trees(tmp_path / "run"), key=lambda tree: not tree.settings["pruning"])
    logged = {row["pruning"]: row["visits"] for row in rows(sample(WORDS))}
    assert (len(pruned.nodes), len(whole_tree.nodes)) == (len(logged[True]), len(logged[False]))
    assert [path_texts(pruned, i) for i in range(len(pruned.nodes))] == [one["actions"] for one in logged[True]]
    with Run.read(tmp_path / "run") as of:
        (problem,) = of.problems()
    assert "h 1: " in problem.question and len(problem.answer.split()) == 5
    (end, *_) = right_leaves(pruned) or right_leaves(whole_tree)
    assert problem.answer in {tree.nodes[end].answer for tree in (pruned, whole_tree) if end < len(tree.nodes)}
    done("import", "tot", sample(WORDS), "--out", tmp_path / "alone", "--limit", 1)
    (tree,) = trees(tmp_path / "alone")
    assert any(node.correct for node in tree.nodes) or not right_leaves(tree)


def test_rows_that_are_no_log_are_listed_and_a_file_of_them_is_refused(tmp_path: Path) -> None:
    broken = [{"visits": [{"actions": ["a", "b"]}]}, {"steps": 3}, {"text": "x"}, {"steps": [{"x": "a b"}]}]
    mixed = write_rows(tmp_path / "mixed.jsonl", [*broken, *rows(sample(GAME))[:1]])
    said = done("import", "tot", mixed, "--out", tmp_path / "run", "--json").data
    assert (said["trees"], sum(said["no_tree"].values())) == (1, 4)
    refused = journey("import", "tot", write_rows(tmp_path / "bad.jsonl", broken), "--out", tmp_path / "none")
    assert refused.code == 2 and "none of 4 rows is a log of Tree of Thoughts" in refused.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("value", "reason", "verdict"),
    [(60.0, "3 sure", "right"), (22.0, "1 sure, 2 likely", "neutral"), (0.003, "3 impossible", "wrong"),
     (21.001, "1 sure, 1 likely, 1 impossible", None), (40.001, "2 sure, 1 impossible", "right"),
     (0, "no vote could be read", None)],
)  # fmt: skip
def test_a_sum_of_votes_is_taken_apart(value: float, reason: str, verdict: str | None) -> None:
    made = votes(value)
    assert (made.reason, made.verdict) == (reason, verdict)


def test_steps_are_written_in_the_puzzles_words_where_they_are_steps() -> None:
    assert in_own_words("4 + 7 = 11 (left: 2 11)") == "4 + 7 = 11 ( 2 11 -> 24 )"
    assert in_own_words("7 / 2 = 3.5 (left: 1 4 3.5)") == "7 / 2 = 7/2 ( 1 4 7/2 -> 24 )"
    assert in_own_words("7 / 3 = 2.33 (left: 2.33 4) (if decimals)") == "7 / 3 = 2.33 (left: 2.33 4) (if decimals)"


def test_all_published_ends_are_right_as_their_authors_found(tmp_path: Path) -> None:
    file = whole(GAME)
    done("import", "tot", file, "--out", tmp_path / "run")
    right = sum(any(node.correct for node in tree.nodes) for tree in trees(tmp_path / "run"))
    assert right == sum(map(solved, rows(file)))
