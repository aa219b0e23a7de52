"""Tree of Thoughts: proposals and votes by one model, breadth first and depth first, and what both cost."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from search.worlds import LINES, PROBLEM, Grader, ask

from journey.judges.value_votes import judgement, own_verdict, word
from journey.models.base import Completion, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.search.candidate import SearchContext
from journey.search.methods import SEARCHES
from journey.search.tree_of_thoughts import listed
from journey.types import Attempt

Votes = dict[str, list[str]]
THOUGHTS = {"(none yet)": "1. +4\n2. +5\n3. +6", "+4": "1. +5\n2. +4", "+5": "Here you are:\n- +1\n- +4", "+6": "= 6"}


def chat(votes: Votes, thoughts: dict[str, str] = THOUGHTS) -> Callable[[Prompt, Sampling, int], str]:
    """A model that lists thoughts and votes on states, which are known by their steps joined by a space."""

    def write(prompt: Prompt, sampling: Sampling, i: int) -> str:
        state = prompt.text.partition("The steps so far:\n")[2].partition("\n\n")[0].replace("\n", " ")
        if "sure, likely or impossible" in prompt.text:
            return "I try.\n" + votes.get(state, ["likely"])[i % len(votes.get(state, ["likely"]))]
        return thoughts.get(state, "1. = 9")

    return write


def done(name: str, write: Any, **others: Any) -> tuple[Attempt, Scripted]:
    model = Scripted(write, name="chat")
    how = SEARCHES[name].settings(**{"max_step_tokens": 10, "depth": 4, "by": "prompts"} | others)
    return asyncio.run(SEARCHES[name].run(PROBLEM, SearchContext(model, Grader(), ask, LINES), how)), model


def test_breadth_first_goes_on_from_the_states_of_the_most_value() -> None:
    votes = {"+4": ["sure"], "+5": ["likely"], "+6": ["impossible"], "+4 +5": ["sure", "likely"],
             "+4 +5 = 9": ["sure"]}  # fmt: skip
    made, model = done("tot_bfs", chat(votes), breadth=1)
    assert (made.text, made.correct) == ("+4\n+5\n= 9", True)
    lists = [prompt.text for prompt, _ in model.calls if "List up to 5" in prompt.text]
    assert len(lists) == 3, "one list a state that went on"
    calls = [sampling.n for prompt, sampling in model.calls if "List up to" not in prompt.text]
    assert calls == [3] * (3 + 2 + 1), "three votes a thought"
    assert made.spent.calls == len(model.calls)


def test_depth_first_leaves_what_every_vote_calls_impossible_and_goes_back() -> None:
    votes = {"+4": ["sure"], "+4 +5": ["impossible"], "+4 +4": ["impossible"], "+5": ["likely", "impossible"],
             "+6": ["impossible"]}  # fmt: skip
    thoughts = THOUGHTS | {"+5 +1": "1. = 6", "+5": "+4"}
    made, _ = done("tot_dfs", chat(votes, thoughts))
    assert made.text == "+5\n+4\n= 9"
    only = {state: ["impossible"] for state in ("+4", "+5", "+6")}
    lost, model = done("tot_dfs", chat(only))
    assert (lost.answer, lost.error) == (None, "nothing finished") and len(model.calls) == 1 + 3


def test_an_end_that_is_voted_impossible_is_the_answer_only_where_there_is_no_other() -> None:
    ends = {"(none yet)": "1. = 8\n2. = 9"}
    assert done("tot_dfs", chat({"= 8": ["impossible"], "= 9": ["likely"]}, ends))[0].answer == "9"
    bad = {"= 8": ["likely", "impossible"], "= 9": ["impossible"]}
    assert done("tot_bfs", chat(bad, ends))[0].answer == "8"
    assert done("tot_dfs", chat({"= 8": ["impossible"], "= 9": ["impossible"]}, ends))[0].answer == "8"


def test_a_depth_first_search_ends_with_its_states() -> None:
    endless = {"(none yet)": "1. +1", **{" ".join(["+1"] * k): "1. +1" for k in range(1, 9)}}
    made, model = done("tot_dfs", chat({}, endless), states=3, depth=9)
    assert made.answer is None and made.text == "+1\n+1\n+1" and len(model.calls) == 3 * 2


def test_all_tokens_of_proposals_and_votes_are_charged() -> None:
    given: list[int] = []

    class Counting(Scripted):
        async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
            found = await Scripted.complete(self, prompt, sampling)
            given.append(sum(one.tokens for one in found))
            return found

    how = SEARCHES["tot_bfs"].settings(by="prompts", max_step_tokens=10, depth=3)
    context = SearchContext(Counting(chat({})), Grader(), ask, LINES)
    made = asyncio.run(SEARCHES["tot_bfs"].run(PROBLEM, context, how))
    assert made.spent.model_tokens == sum(given) and made.spent.judge_tokens == 0
    assert made.spent.model_tokens <= how.at_most()[1]


@pytest.mark.parametrize(
    ("reply", "vote"),
    [("4 + 5 is 9\nSure", "sure"), ("**impossible**\n\n", "impossible"), ("likely", "likely"),
     ("sure or likely", None), ("sure\nbut then", None), ("", None), ("<think>impossible</think>sure", "sure")],
)  # fmt: skip
def test_a_vote_is_the_one_word_of_the_last_line(reply: str, vote: str | None) -> None:
    assert word(Completion(reply, 3, "end")) == vote


@pytest.mark.parametrize(
    ("text", "finish", "vote"),
    [("8 * 8 = 64 ( 64 -> 41 )\nWait , 64 is not 41\n", "stop", "impossible"), ("Yes , 41 is 41", "end", "sure"),
     ("15 - 7 = 8 ( 8 8 -> 41 )\n", "stop", "impossible"), ("15 - 7 = 8", "length", "likely"), ("", "end", "likely"),
     ("", "error", None)],
)  # fmt: skip
def test_a_puzzles_own_model_votes_by_the_verdict_that_it_comes_to(text: str, finish: Any, vote: str | None) -> None:
    assert own_verdict(Completion(text, 3, finish)) == vote


def test_votes_add_up_as_published_and_a_tie_is_could_not_say() -> None:
    made = judgement({"sure": 2, "impossible": 1}, "votes:m")
    assert (
        made.score == pytest.approx(40.001 / 60) and made.verdict == "right" and made.reason == "2 sure, 1 impossible"
    )
    assert judgement({"sure": 1, "likely": 1}, "v").verdict is None
    assert judgement({}, "v").score is None


def test_a_list_without_marks_is_read_line_by_line_and_cut_off_entries_are_left_out() -> None:
    assert listed(["+4", "", " +5 ", "+4"]) == ["+4", "+5"]
    assert listed(["Well:", "1. +4", "12) +5", "* +6"]) == ["+4", "+5", "+6"]
    made, _ = done("tot_bfs", lambda prompt, sampling, i: "1. = 9\n2. = 8 and so on and so on", max_step_tokens=1)
    assert made.answer == "9"
