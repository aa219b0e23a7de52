import gzip
import json
import logging
from pathlib import Path

import pytest
from commanding import done, journey
from real_data import sample, whole

from journey.data.choosing import disjoint, drawn, normalised, overlaps
from journey.data.columns import Columns
from journey.data.problems import load, read
from journey.errors import UsageError
from journey.types import make_problem, to_json


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "answer", "level", "subject"),
    [
        ("math/test_500.jsonl", r"\left( 3, \frac{\pi}{2} \right)", "2", "Precalculus"),
        ("math/train_12000.jsonl", "8", "4", "Algebra"),
        ("gsm8k/test.jsonl", "18", None, None),
    ],
)
def test_samples_of_the_known_sets_are_read_as_they_are(name, answer, level, subject):
    loaded = read(sample(name))
    assert (len(loaded.problems), loaded.unanswered) == (50, 0)
    first = loaded.problems[0]
    assert (first.answer, first.level, first.subject) == (answer, level, subject)


@pytest.mark.parametrize(
    ("name", "problems", "unanswered", "answer", "level", "subject"),
    [
        ("math/test_500.jsonl", 500, 0, r"\left( 3, \frac{\pi}{2} \right)", "2", "Precalculus"),
        ("math/train_12000.jsonl.gz", 11997, 2, "8", "4", "Algebra"),
        ("gsm8k/test.jsonl", 1319, 0, "18", None, None),
        ("gsm8k/train.jsonl.gz", 7473, 0, "72", None, None),
        ("contests/aime_1983_2023.jsonl", 975, 0, "60", "4", None),
        ("contests/aime_2024.jsonl", 30, 0, "204", None, None),
        ("contests/aime_2025.jsonl", 30, 0, "70", None, None),
        ("contests/amc_2023.jsonl", 40, 0, "27", None, None),
        ("contests/olympiadbench_math_en.jsonl", 675, 0, "2", None, "Combinatorics"),
        ("contests/cn_math_2024.jsonl", 30, 0, r"\frac{5}{17}", None, None),
        ("contests/gaokao_2023_en.jsonl", 383, 2, r"\{x|-2\leq x < 1\}", None, None),
    ],
)
def test_the_known_sets_are_read_as_they_are(name, problems, unanswered, answer, level, subject):
    loaded = read(whole(name))
    first = loaded.problems[0]
    assert (len(loaded.problems), loaded.unanswered) == (problems, unanswered)
    assert (first.answer, first.level, first.subject) == (answer, level, subject)
    assert all(problem.question and problem.answer for problem in loaded.problems)


def test_math_train_and_test_share_no_problem():
    disjoint(load(sample("math/train_12000.jsonl")), load(sample("math/test_500.jsonl")))


def test_gsm8k_solutions_lose_the_calculators_marks(tmp_path):
    row = {"question": "How many?", "answer": "He has 6*8=<<6*8=48>>48.\n#### 48"}
    [problem] = load(write(tmp_path / "a.jsonl", row))
    assert (problem.answer, problem.solution) == ("48", "He has 6*8=48.")


def test_the_answer_of_a_worked_solution_is_its_box(tmp_path):
    row = {"problem": "?", "solution": r"So \boxed{\frac12}.", "level": "Level 5", "type": "Algebra"}
    [problem] = load(write(tmp_path / "a.jsonl", row))
    assert (problem.answer, problem.level, problem.subject) == (r"\frac12", "5", "Algebra")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet", "a.jsonl.gz", "a.json.gz"])
def test_any_columns_are_read_from_any_kind_of_file(tmp_path, name):
    rows = [{"ask": f"1+{i}", "truth": 1 + i, "how": "add", "hard": 3.0, "kind": "sums"} for i in range(3)]
    path = tmp_path / name
    if name == "a.parquet":
        pytest.importorskip("pyarrow.parquet").write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows), path)
    else:
        text = json.dumps(rows) if ".json" in path.suffixes else "\n".join(map(json.dumps, rows))
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    problems = load(path, columns=Columns("ask", "truth", "how", "hard", "kind"))
    assert [(p.question, p.answer) for p in problems] == [("1+0", "1"), ("1+1", "2"), ("1+2", "3")]
    assert (problems[0].solution, problems[0].level, problems[0].subject) == ("add", "3", "sums")
    assert problems[0].source == f"{tmp_path.name}/a"


def test_a_folder_is_read_as_a_data_set(tmp_path):
    pytest.importorskip("datasets")
    write(tmp_path / "train.jsonl", {"question": "a", "answer": "1"})
    write(tmp_path / "test.jsonl", {"question": "b", "answer": "2"})
    assert [p.question for p in load(tmp_path)] == ["a"]
    assert [p.question for p in load(tmp_path, split="test")] == ["b"]
    with pytest.raises(UsageError, match=r"\(dev\) cannot be read"):
        load(tmp_path, split="dev")


def test_exported_problems_come_back_the_same(tmp_path):
    problem = make_problem("q", "a", source="there", solution="s", level="2", subject="x")
    assert load(write(tmp_path / "p.jsonl", {"schema": 1, **to_json(problem)})) == [problem]


def test_messages_and_lists_are_read_as_text(tmp_path):
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "1+1?"}]
    row = {"prompt": turns, "final_answer": ["$2$", "$3$"], "solution": ["one", "two"]}
    [problem] = load(write(tmp_path / "a.jsonl", row))
    assert (problem.question, problem.answer, problem.solution) == ("1+1?", "2, 3", "one")


def test_repeated_and_unanswered_problems_are_left_out_counted_and_told(tmp_path, caplog):
    rows = [{"question": "a", "answer": "1"}] * 3 + [
        {"question": "b", "answer": None},
        {"question": "c", "answer": " "},
    ]
    path = write(tmp_path / "a.jsonl", *rows)
    loaded = read(path)
    assert (len(loaded.problems), loaded.duplicates, loaded.unanswered) == (1, 2, 2)
    with caplog.at_level(logging.WARNING):
        load(path)
    assert "2 repeated problems and 2 without an answer" in caplog.text


def test_a_limit_stops_reading_early(tmp_path):
    path = write(tmp_path / "a.jsonl", {"question": "a", "answer": "1"}, {"question": "b", "answer": "2"})
    with path.open("a") as file:
        file.write("not JSON\n")
    assert [p.question for p in load(path, limit=2)] == ["a", "b"]


def test_line_separators_inside_a_question_do_not_end_the_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"question": "a\u2028b\x85c", "answer": "1"}, ensure_ascii=False), encoding="utf-8")
    assert load(path)[0].question == "a\u2028b\x85c"


GOOD = '{"question": "a", "answer": "1"}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; give a file"),
        ("\n \n", "holds no rows"),
        (GOOD + "oops\n", "line 2 is not JSON"),
        (GOOD + '{"question": "b", "ans', "line 2 is not JSON"),
        (GOOD + "\n[1]\n", "line 3 is not a JSON object"),
        (GOOD + '{"question": "b"}\n', "line 2 has no column 'answer'; its columns are question"),
        ('{"text": "b", "label": 1}\n', "no column with the question; name it"),
        ('{"question": "b", "label": 1}\n', "no column with the answer; name it"),
        (GOOD + '{"question": "b", "answer": NaN}\n', "line 2 has nan as its answer"),
        (GOOD + '{"question": "b", "answer": "NaN"}\n', "line 2 has NaN as its answer"),
        (GOOD + '{"question": " ", "answer": "1"}\n', "line 2 has an empty question in column 'question'"),
        (GOOD + '{"question": null, "answer": "1"}\n', "line 2 has an empty question"),
        (GOOD + '{"question": "b", "answer": {"a": 1}}\n', "line 2 has an object as its answer"),
        ('{"question": "b", "answer": null}\n', "none of 1 rows has an answer in column 'answer'"),
        (GOOD + "[" * 100_000 + "\n", "line 2 is not JSON"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_one_sentence(tmp_path, text, message):
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD.encode() + b'{"question": "\xff"}\n')
    with pytest.raises(UsageError, match="line 2 is not JSON"):
        load(path)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet", "a.json"])
def test_a_file_of_another_kind_than_its_name_is_told(tmp_path, name):
    path = tmp_path / name
    path.write_text("this is something else")
    with pytest.raises(UsageError, match=r"a\.(jsonl\.gz|parquet|json) is not"):
        load(path)


def test_wrong_paths_names_and_settings_are_told(tmp_path):
    path = write(tmp_path / "a.jsonl", {"question": "a", "answer": "1"})
    with pytest.raises(UsageError, match="there is no file"):
        load(tmp_path / "b.jsonl")
    with pytest.raises(UsageError, match="has no column 'ask' for the question; its columns are question, answer"):
        load(path, columns=Columns(question="ask"))
    with pytest.raises(UsageError, match="has no split 'test'"):
        load(path, split="test")
    (tmp_path / "a.txt").write_text(GOOD)
    with pytest.raises(UsageError, match="unknown kind of file"):
        load(tmp_path / "a.txt")


def test_the_same_question_in_train_and_test_is_refused_with_an_example():
    train = [make_problem("What is $1 + 1$?", "2"), make_problem("b", "1")]
    test = [make_problem(r"what is 1+\, 1 ", "2.0")]
    assert overlaps(train, test) == [(train[0], test[0])]
    with pytest.raises(UsageError, match=r"share 1 problems, for example 'What is \$1 \+ 1\$\?'"):
        disjoint(train, test)
    disjoint(train[1:], test)


def test_signs_and_numbers_keep_questions_apart():
    assert len({normalised(text) for text in ("x+1", "x-1", "x+2", r"\lefty", r"\left(y", "(x+1)")}) == 6


def test_fewer_drawn_problems_begin_more_of_them():
    problems = [make_problem(str(i), "1") for i in range(30)]
    ten = drawn(problems, 10, seed=1)
    assert ten[:4] == drawn(problems[::-1], 4, seed=1)
    assert ten != drawn(problems, 10, seed=2)


def test_a_task_for_what_is_no_file_of_puzzles_is_refused_with_the_mend(tmp_path: Path):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "How long is it?", "answer": "2.5", "unit": "m"}\n', encoding="utf-8")
    refused = journey("import", "problems", file, "--task", "science", "--out", tmp_path / "run")
    assert refused.code == 2 and "journey import puzzles FILE --task science" in refused.err
    assert not (tmp_path / "run").exists()
    assert done("import", "puzzles", file, "--task", "science", "--out", tmp_path / "run", "--json").data["new"] == 1
