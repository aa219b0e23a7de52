"""Lists count what SQL counts, filter by filter."""

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.records import thought
from studio import runs

from journey.errors import UsageError
from journey.store.faults import StoreError
from journey.store.run import Run
from journey.studio import facts
from journey.studio.facts import COLUMNS
from journey.studio.reading import CHOICES, KEPT, NOT_RIGHT, PAGE, RANGES, Filter, Lists, lists_of
from journey.types import SCHEMA, Node, Segment, Thought, Tree, make_problem


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs.small(tmp_path_factory.mktemp("reading") / "small")


@pytest.fixture(scope="module")
def lists(small: Path) -> Lists:
    return lists_of(small)


def counted(folder: Path, query: str) -> int:
    """What SQL itself says of the run's database, JSON and all."""
    connection = sqlite3.connect(folder / "run.db")
    try:
        return connection.execute(f"SELECT count(*) FROM {query}").fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        (Filter("problems"), "problems"),
        (Filter("problems", {"level": "Level 1"}), "problems WHERE json ->> 'level' = 'Level 1'"),
        (Filter("problems", {"subject": ""}), "problems WHERE json ->> 'subject' IS NULL"),
        (Filter("problems", {"split": "test"}), "problems WHERE split = 'test'"),
        (Filter("trees", {"judge": "critic"}), "trees WHERE judge = 'critic'"),
        (Filter("trees", {"subject": "Algebra"}),
         "trees WHERE problem IN (SELECT id FROM problems WHERE json ->> 'subject' = 'Algebra')"),
        (Filter("trees", least={"steps": 6}), "trees WHERE json_array_length(json, '$.nodes') >= 6"),
        (Filter("thoughts", {"method": "traverse"}), "thoughts WHERE method = 'traverse'"),
        (Filter("thoughts", {"judge": "critic", "outcome": "right"}),
         "thoughts WHERE tree IN (SELECT id FROM trees WHERE judge = 'critic')"),
        (Filter("thoughts", {"refined": "1"}), "thoughts WHERE json ->> 'refined_by' IS NOT NULL"),
        (Filter("thoughts", least={"letters": 60}, most={"letters": 200}),
         "thoughts WHERE length(json ->> 'text') BETWEEN 60 AND 200"),
        (Filter("thoughts", words=("wait",)), "thoughts WHERE json ->> 'text' LIKE '%wait%'"),
        (Filter("thoughts", least={"trials": 2}),
         "thoughts WHERE 2 <= (SELECT count(*) FROM json_each(thoughts.json, '$.segments')"
         " WHERE value ->> 'kind' = 'backtrack')"),
        (Filter("attempts", {"outcome": "right"}), "attempts WHERE json ->> 'correct' = 1"),
        (Filter("attempts", {"outcome": "wrong"}), "attempts WHERE json ->> 'correct' = 0"),
        (Filter("attempts", {"outcome": "none"}), "attempts WHERE json ->> 'answer' IS NULL"),
        (Filter("attempts", {"model": "model-1", "error": "wrong sum"}),
         "attempts WHERE model = 'model-1' AND json ->> 'error' = 'wrong sum'"),
        (Filter("attempts", words=("alternatively", "it is 2")), "attempts WHERE json ->> 'text' LIKE '%it is 2%'"),
        (Filter("attempts", most={"tokens": 20}), "attempts WHERE json ->> 'tokens' <= 20"),
        (Filter("problems", words=("what is",)), "problems"),
        (Filter("trees", words=("neutral remark",)), "trees"),
    ],
)  # fmt: skip
def test_a_filter_counts_what_sql_counts(small: Path, lists: Lists, asked: Filter, query: str):
    expected = counted(small, query)
    assert expected > 0
    assert lists.count(asked) == expected == len(list(lists.ids(asked)))


filters = st.sampled_from(sorted(CHOICES)).flatmap(
    lambda table: st.builds(
        Filter,
        st.just(table),
        st.dictionaries(
            st.sampled_from(CHOICES[table]), st.sampled_from(["", "right", "Level 1", "test", "1", "' OR 1"])
        ),
        st.dictionaries(st.sampled_from(RANGES[table]), st.integers(0, 9)),
        st.dictionaries(st.sampled_from(RANGES[table]), st.integers(0, 99)),
        st.lists(st.sampled_from(["wait", "let", '"', "a'b", "*", "NEAR(", "-x"]), max_size=2).map(tuple),
        sort=st.none() | st.sampled_from([*CHOICES[table], *RANGES[table], "seq; DROP TABLE problems"]),
        falling=st.booleans(),
    )
)


@settings(max_examples=150)
@given(filters)
def test_pages_hold_every_record_of_the_filter_once(lists: Lists, asked: Filter):
    total = lists.count(asked)
    found = [row["id"] for page in range(-(-total // 3)) for row in lists.page(asked, page, 3)]
    assert len(found) == len(set(found)) == total
    assert lists.page(asked, total // 3 + 1, 3) == []


def test_a_thoughts_result_is_that_of_its_tree_else_of_what_is_plain(tmp_path: Path):
    def thought(name: str, of: Tree | None, node: int | None, answer: str) -> Thought:
        segment = Segment("answer", "x", node, 0, 1)
        return Thought(name, problem.id, of and of.id, "told", (segment,), "x", "x", answer)

    problem = make_problem("What?", "12")
    ends = (("12", True), ("7", False), ("?", None), ("12.0", True))
    nodes = tuple(Node(-1, "x", None, answer, correct) for answer, correct in ends)
    tree = Tree("t", problem.id, nodes, judge="somebody")
    thoughts = [thought(f"of {n}", tree, n, answer) for n, (answer, _) in enumerate(ends)]
    thoughts += [thought("beyond", tree, 99, "12"), thought("of none", tree, None, "13")]
    thoughts += [thought("plain", None, None, "12"), thought("other", None, None, "13")]
    thoughts += [thought("hard", None, None, "x + 1 = 13"), thought("empty", None, None, " ")]
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", [problem])
        run.put_all("trees", [tree])
        run.put_all("thoughts", thoughts)
    rows = lists_of(tmp_path / "run").page(Filter("thoughts"))
    assert {row["id"]: row["outcome"] for row in rows} == {
        "of 0": "right", "of 1": "wrong", "of 2": "unknown", "of 3": "right", "beyond": "right", "of none": "wrong",
        "plain": "right", "other": "wrong", "hard": "unknown", "empty": "none",
    }  # fmt: skip
    assert {row["judge"] for row in rows if row["tree"]} == {"somebody"}
    assert lists_of(tmp_path / "run").count(Filter("thoughts", {"outcome": NOT_RIGHT})) == 6
    assert lists_of(tmp_path / "run").count(Filter("thoughts", {"judge": "somebody", "outcome": "wrong"})) == 2


def test_not_right_leaves_out_what_was_not_tried(lists: Lists):
    assert lists.count(Filter("problems", {"outcome": NOT_RIGHT})) == 3
    assert lists.count(Filter("attempts", {"outcome": NOT_RIGHT})) == 14


def test_values_are_sorted_by_how_many_have_them(lists: Lists):
    assert lists.values("thoughts", "method") == [("refined", 1), ("shortcut", 1), ("traverse", 1)]
    assert lists.values("attempts", "outcome") == [("wrong", 13), ("right", 3), ("none", 1)]
    assert lists.values("problems", "subject") == [("Algebra", 2), (None, 1), ("Geometry", 1)]


def test_sorting_goes_up_and_down(lists: Lists):
    asked = Filter("attempts", sort="letters")
    up = [row["letters"] for row in lists.page(asked)]
    down = [row["letters"] for row in lists.page(Filter("attempts", sort="letters", falling=True))]
    assert up == sorted(up) == down[::-1]


def test_a_problems_result_is_that_of_its_trees_else_of_its_attempts(lists: Lists):
    rows = lists.page(Filter("problems"))
    assert [row["outcome"] for row in rows] == ["right", "wrong", "none", "wrong"]
    assert [(row["trees"], row["attempts"]) for row in rows] == [(1, 4), (1, 4), (1, 4), (0, 5)]


def test_what_is_written_later_is_there_at_the_next_look(tmp_path: Path):
    folder = runs.small(tmp_path / "run")
    assert lists_of(folder).count(Filter("problems")) == 4
    with Run.open(folder) as run:
        run.put_all("problems", [make_problem("one more", "1")])
    assert lists_of(folder).count(Filter("problems")) == 5
    assert lists_of(folder).count(Filter("problems", words=("more",))) == 1


def test_a_run_made_afresh_under_the_same_name_is_not_mixed_with_the_old_one(tmp_path: Path):
    folder = runs.small(tmp_path / "run")
    assert lists_of(folder).count(Filter("attempts")) == 17
    with Run.open(folder, fresh=True) as run:
        run.put_all("problems", [make_problem("alone", "1")])
    assert lists_of(folder).count(Filter("problems")) == 1
    assert lists_of(folder).count(Filter("attempts")) == 0


def test_a_damaged_file_of_facts_is_made_again(tmp_path: Path):
    folder = runs.small(tmp_path / "run")
    (folder / "studio.db").write_bytes(b"this is no database" * 100)
    assert Lists(folder) is not None
    assert lists_of(folder).count(Filter("problems")) == 4


def test_facts_that_are_damaged_while_they_are_looked_at_are_made_again(tmp_path: Path):
    folder = runs.small(tmp_path / "run")
    lists = lists_of(folder)
    before = lists.count(Filter("trees"))
    lists.figure("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((folder / "studio.db").read_bytes())
    data[4096:] = b"\x00" * (len(data) - 4096)
    (folder / "studio.db").write_bytes(data)
    lists.figure("PRAGMA cache_size=0")
    lists.figure("PRAGMA shrink_memory")
    with pytest.raises(StoreError, match="made anew"):
        lists.page(Filter("trees"))
    assert lists_of(folder).count(Filter("trees")) == before


def test_half_a_character_in_what_is_listed_harms_nothing(tmp_path: Path):
    problem = make_problem("What is 1 + 1? \ud800", "2 \ud800", subject="half \ud83d")
    with Run.open(tmp_path) as run:
        run.put_all("problems", [problem])
        run.put_all("attempts", [replace(runs.attempt(problem, 0, "\udc00", "\ud800", False, "m"), error="\ud800")])
    (row,) = lists_of(tmp_path).page(Filter("attempts"))
    assert (row["answer"], row["error"], row["subject"]) == ("?", "?", "half ?")


@pytest.mark.parametrize(
    "asked",
    [Filter("thoughts", {"refined": "9" * 40}), Filter("thoughts", {"refined": "²"}),
     Filter("thoughts", words=("\x00",)), Filter("thoughts", words=("no\x00such",)),
     Filter("problems", {"level": "\x00"}, problem="\x00")],
)  # fmt: skip
def test_what_no_record_has_finds_none(lists: Lists, asked: Filter):
    assert lists.count(asked) == 0


def test_a_problem_written_while_its_run_is_read_does_not_lose_its_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = runs.small(tmp_path / "run")
    late = make_problem("Late?", "1")

    batch = facts._batch

    def written_meanwhile(*of: Any) -> None:
        with Run.open(folder) as run:
            run.put_all("problems", [late])
            run.put_all("trees", [Tree("late", late.id, (Node(-1, "1", None, "1", True),))])
        batch(*of)

    connection = facts.connect(folder)
    monkeypatch.setattr(facts, "_batch", written_meanwhile)
    facts.catch_up(connection, folder)
    facts.catch_up(connection, folder)
    query = "SELECT trees FROM problems WHERE id = ?"
    assert connection.execute(query, (late.id,)).fetchone() == (1,)
    connection.close()


def test_a_search_of_more_words_than_are_kept_keeps_those_that_it_reads(small: Path):
    lists = Lists(small)
    total = lists.count(Filter("thoughts", words=("wait",)))
    for number in range(KEPT - 1):
        lists.count(Filter("thoughts", words=(f"no-such-{number}",)))
    assert lists.count(Filter("thoughts", words=("wait", "no-such-at-all"))) == 0
    assert lists.count(Filter("thoughts", words=("wait",) * 2 + ("Wait", " wait"))) == total
    assert lists.count(Filter("thoughts", words=tuple(f"never-{n}" for n in range(2 * KEPT)))) == 0


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A run whose thoughts say these texts."""
    texts = ["Wait, wait. Let me check.", "let ME check", "alternatively", "awaited", 'a "quoted" word', "\ud800 wait"]
    with Run.open(tmp_path / "run") as run:
        run.put_all("thoughts", [thought(n, text) for n, text in enumerate(texts)])
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("word", "number"),
    [("wait", 2), ("ALTERNATIVELY", 1), ("never", 0), ("let me check", 2), ("check me let", 0), ('"quoted"', 1),
     ("a OR b", 0), ("wait*", 2), ("NEAR(", 0), ("'", 0), ("\ud800", 0), ("text:wait", 0)],
)  # fmt: skip
def test_a_record_has_a_word_whole_in_any_case_and_nothing_in_it_is_an_operator(spoken: Path, word: str, number: int):
    assert lists_of(spoken).count(Filter("thoughts", words=(word,))) == number


def test_the_index_of_words_catches_up_with_what_was_written_since(spoken: Path):
    assert lists_of(spoken).count(Filter("thoughts", words=("wait",))) == 2
    with Run.open(spoken) as run:
        run.put_all("thoughts", [thought(100 + n, "wait") for n in range(10)])
    assert lists_of(spoken).count(Filter("thoughts", words=("wait",))) == 12


def test_looking_changes_nothing_in_the_run(tmp_path: Path):
    folder = runs.small(tmp_path / "run")
    before = (folder / "run.db").read_bytes()
    lists_of(folder).count(Filter("thoughts", words=("wait",)))
    list(lists_of(folder).lines(Filter("trees")))
    assert (folder / "run.db").read_bytes() == before


def test_lists_may_be_asked_from_many_threads(lists: Lists):
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(lists.count(Filter("attempts")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [17] * 8


def test_lines_are_the_filtered_records_in_the_lists_order(small: Path, lists: Lists):
    asked = Filter("attempts", {"outcome": "right"}, sort="letters", falling=True)
    rows = [json.loads(line) for line in lists.lines(asked)]
    assert [row["id"] for row in rows] == list(lists.ids(asked))
    assert all(row["correct"] and row["schema"] == SCHEMA for row in rows)


def test_a_list_of_something_unknown_is_said(lists: Lists):
    with pytest.raises(UsageError, match="no list of calls"):
        lists.count(Filter("calls"))


def test_every_column_that_filters_and_sorts_is_a_fact():
    for table, columns in COLUMNS.items():
        of_problem = set() if table == "problems" else {"level", "subject"}
        assert set(CHOICES[table]) - of_problem <= set(columns)
        assert set(RANGES[table]) <= set(columns)
    assert PAGE > 0
