"""The scripted model keeps to its script, to stop strings and to the number asked for."""

import json

import pytest

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.scripted import Scripted


async def test_sample_i_gets_answer_i_counted_round():
    model = Scripted({"Q\nstep\n": ["a", "b"]})
    got = await model.complete(Prompt("Q\n", "step\n"), Sampling(n=3))
    assert got == [Completion("a", 2, "end"), Completion("b", 2, "end"), Completion("a", 2, "end")]


async def test_stop_strings_cut_and_are_counted():
    model = Scripted({"Q": "one two\nthree"})
    assert await model.complete(Prompt("Q"), Sampling(stop=("\n",))) == [Completion("one two", 3, "stop")]


async def test_max_tokens_cut_words():
    model = Scripted({"Q": "one two three four"})
    assert await model.complete(Prompt("Q"), Sampling(max_tokens=2)) == [Completion("one two", 2, "length")]


async def test_a_function_may_answer():
    model = Scripted(lambda prompt, sampling, i: f"{prompt.text}{sampling.seed}{i}")
    assert [c.text for c in await model.complete(Prompt("Q"), Sampling(n=2, seed=5))] == ["Q50", "Q51"]


async def test_a_prompt_without_answer_is_a_model_error_unless_there_is_another_answer():
    with pytest.raises(ModelError, match="no answer"):
        await Scripted({}).complete(Prompt("Q"), Sampling())
    assert (await Scripted({}, otherwise="x").complete(Prompt("Q"), Sampling()))[0].text == "x"


async def test_failures_are_counted_per_prompt():
    model = Scripted({"Q": "a", "R": "b"}, failures={"Q": 1, "R": -1})
    with pytest.raises(ModelError):
        await model.complete(Prompt("Q"), Sampling())
    assert (await model.complete(Prompt("Q"), Sampling()))[0].text == "a"
    for _ in range(3):
        with pytest.raises(ModelError):
            await model.complete(Prompt("R"), Sampling())
    assert len(model.calls) == 5


async def test_answers_are_read_from_a_file(tmp_path):
    path = tmp_path / "answers.jsonl"
    rows = [{"prompt": "Q", "completions": ["a"]}, {"prompt": "Q", "prefix": "p", "completions": ["b", "c"]}]
    path.write_text("\n".join(map(json.dumps, rows)))
    model = Scripted(path)
    assert [c.text for c in await model.complete(Prompt("Q", "p"), Sampling(n=2))] == ["b", "c"]


@pytest.mark.parametrize("line", ["{", '{"prompt": "Q"}', "[]", '{"prompt": 1, "completions": []}'])
def test_a_bad_row_is_named_by_its_line(tmp_path, line):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"prompt": "Q", "completions": ["a"]}\n' + line)
    with pytest.raises(UsageError, match="line 2"):
        Scripted(path)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="there is no file"):
        Scripted(tmp_path / "none.jsonl")
