"""Benchmarks by name, from real files where they lie beside the repository."""

from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from real_data import sample, whole

from journey.data.benchmarks import BBH_TASKS, BENCHMARKS, benchmark, load
from journey.errors import UsageError
from journey.tasks.table import task_of
from journey.types import make_problem

FILES = {
    "MATH500": ("math/test_500.jsonl", 500), "GSM8K": ("gsm8k/test.jsonl", 1319),
    "AIME24": ("contests/aime_2024.jsonl", 30),
    "AIME25": ("contests/aime_2025.jsonl", 30), "AMC23": ("contests/amc_2023.jsonl", 40),
    "OlympiadBench": ("contests/olympiadbench_math_en.jsonl", 674), "CN-math-2024": ("contests/cn_math_2024.jsonl", 30),
    "Gaokao-en": ("contests/gaokao_2023_en.jsonl", 385), "HumanEval": ("code/humaneval.jsonl", 164),
    "SimpleQA": ("general/simpleqa_sample.jsonl", 500), "BBH/navigate": ("puzzles/bbh.jsonl", 250),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_gives_all_its_problems_under_the_benchmarks_name(name: str) -> None:
    file, size = FILES[name]
    loaded = load(name, str(whole(file)))
    assert len(loaded.problems) + loaded.duplicates + loaded.unanswered in (size, size + 1)
    assert len(loaded.problems) >= size - 4
    assert {p.source for p in loaded.problems} == {name}
    assert all(p.question and p.answer for p in loaded.problems)
    assert {p.task for p in loaded.problems} == {benchmark(name).task}


@pytest.mark.parametrize("name", ["MATH500", "GSM8K", "HumanEval", "SimpleQA"])
def test_a_sample_gives_its_problems_under_the_benchmarks_name(name: str) -> None:
    loaded = load(name, str(sample(FILES[name][0])))
    assert len(loaded.problems) == 50 and {p.source for p in loaded.problems} == {name}
    assert {p.task for p in loaded.problems} == {benchmark(name).task}


def test_names_are_found_whatever_their_capitals() -> None:
    assert benchmark("math500") is BENCHMARKS["MATH500"]
    assert benchmark("bbh/Navigate").hub == "lukaemon/bbh:navigate"
    assert len(set(BBH_TASKS)) == 27


def test_a_benchmark_without_a_hub_id_asks_for_its_file() -> None:
    with pytest.raises(UsageError, match="import benchmark CN-math-2024 FILE"):
        load("CN-math-2024")


def test_other_problems_are_mathematics() -> None:
    assert task_of(make_problem("1 + 1", "2", source="math/train")).name == "math"


def test_the_command_puts_a_benchmark_into_the_test_part(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "aime.jsonl", [{"problem": "What is 1 + 1?", "answer": "2"}])
    said = done("import", "benchmark", "AIME25", file, "--out", tmp_path / "run", "--json").data
    assert (said["benchmark"], said["part"], said["new"]) == ("AIME25", "test", 1)
    assert done("status", tmp_path / "run", "--json").data["problems"] == {"test": 1}


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("AIME99",), "known are MATH500"),
        (("CN-math-2024",), "FILE"),
        (("AIME25", "nowhere.jsonl"), "check the path"),
        (("AIME25", "a", "b"), "at most one file"),
        (("AIME25", "--question-column", "q"), "its own columns"),
    ],
)
def test_mistakes_are_said_in_a_sentence(tmp_path: Path, words: tuple[str, ...], mend: str) -> None:
    failed = journey("import", "benchmark", *words, "--out", tmp_path / "run")
    assert failed.code == 2
    assert mend in failed.err
