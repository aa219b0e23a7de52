"""Key words are counted by record, whoever writes and whoever asks."""

from pathlib import Path

import pytest
from store.records import attempt, thought

from journey.store.run import Run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run") as run:
        texts = [
            "Wait, wait. Let me check.",
            "let ME check",
            "alternatively",
            "awaited",
            'a "quoted" word',
            "\ud800 wait",
        ]
        run.put_all("thoughts", [thought(n, text) for n, text in enumerate(texts)])
    return tmp_path / "run"


def test_a_word_counts_once_a_record_in_any_case_and_only_whole(path: Path):
    with Run.read(path) as run:
        assert run.keyword_count("wait") == 2
        assert run.keyword_count("ALTERNATIVELY") == 1
        assert run.keyword_count("never") == 0


def test_a_phrase_counts_where_its_words_stand_together(path: Path):
    with Run.read(path) as run:
        assert run.keyword_count("let me check") == 2
        assert run.keyword_count("check me let") == 0


@pytest.mark.parametrize("word", ['"quoted"', "a OR b", "wait*", "NEAR(", "", "'", "\ud800", "text:wait"])
def test_nothing_in_a_word_is_an_operator(path: Path, word: str):
    with Run.read(path) as run:
        assert run.keyword_count(word) in (0, 1, 2)


def test_the_index_catches_up_with_what_was_written_since(path: Path):
    with Run.open(path) as run, Run.read(path) as reader:
        assert reader.keyword_count("wait") == 2
        run.put_all("thoughts", [thought(100 + n, "wait") for n in range(10)])
        assert reader.keyword_count("wait") == 12
        assert run.keyword_count("wait") == 12
        assert run.keyword_count("1", "attempts") == 0
        run.put_all("attempts", [attempt(1)])
        assert run.keyword_count("1", "attempts") == 1


def test_questions_and_steps_are_indexed_too_and_nothing_else(path: Path):
    with Run.read(path) as run:
        assert run.keyword_count("the", "problems") + run.keyword_count("the", "trees") == 0
        with pytest.raises(ValueError, match="not calls"):
            run.keyword_count("wait", "calls")
