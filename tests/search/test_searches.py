"""Every search on a small world: what it finds, what it costs, and what it never does."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.worlds import LINES, PROBLEM, Grader, ask, knows, means

from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.evals.attempts import attempt as plain_attempt
from journey.judges.exact import Exact
from journey.judges.scripted import Scripted as ScriptedJudge
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.search.beam import BeamSettings, beam
from journey.search.best_of_n import BestOfNSettings, best_of_n
from journey.search.candidate import SearchContext
from journey.search.cost import MeteredJudge, MeteredModel
from journey.search.dvts import DvtsSettings, dvts
from journey.search.lookahead import LookaheadSettings, lookahead
from journey.search.mcts import MctsSettings, mcts, simulate
from journey.search.methods import SEARCHES, search
from journey.search.vote import VoteSettings, vote
from journey.tasks.countdown.task import COUNTDOWN
from journey.tasks.table import task_of
from journey.types import Attempt, Judgement, Problem, attempt_from_json, make_problem, to_json

QUICK = {"whole": {"n": 4, "max_tokens": 60}, "step": {"n": 4, "max_step_tokens": 10, "depth": 10}}


def small(name: str, **others: Any) -> Any:
    kind = SEARCHES[name].settings
    if name.startswith("tot_"):  # the adder knows no instructions
        others = {"by": "continuations", "vote_tokens": 10} | others
    return kind(**(QUICK["whole" if hasattr(kind(), "max_tokens") else "step"] | others))


def done(name: str, world: SearchContext | None = None, problem: Problem = PROBLEM, **others: Any) -> Attempt:
    return asyncio.run(SEARCHES[name].run(problem, world or means(), small(name, **others)))


each_search = pytest.mark.parametrize("name", SEARCHES)
judged = pytest.mark.parametrize("name", [name for name in SEARCHES if SEARCHES[name].judged])
by_steps = pytest.mark.parametrize("name", ["beam", "dvts", "lookahead", "mcts", "tot_bfs", "tot_dfs"])


class Counter:
    """A model that keeps what it gave."""

    name = "counted"

    def __init__(self, model: Any):
        self.model = model
        self.tokens = self.calls = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        found = await self.model.complete(prompt, sampling)
        self.tokens += sum(c.tokens for c in found)
        self.calls += 1
        return found


@each_search
def test_a_search_ends_in_one_whole_attempt(name: str) -> None:
    made = done(name)
    assert made.answer is not None and made.text.endswith(f"= {made.answer}")
    assert made.correct == (made.answer == "9")
    assert made.spent.model_tokens >= made.tokens > 0
    assert made.model.search is not None and made.decoding == "sampled" and made.sample == 0
    assert attempt_from_json(to_json(made)) == made


@judged
def test_a_judge_who_knows_finds_the_right_answer_more_often_than_one_sample(name: str) -> None:
    problems = [make_problem("sum to 9", "9", source=str(i)) for i in range(1)]
    seeds = range(30)
    right = sum(done(name, seed=seed, problem=problems[0]).correct is True for seed in seeds)
    alone = sum(done("vote", n=1, seed=seed).correct is True for seed in seeds)
    assert right > alone


@each_search
def test_the_cost_is_what_a_counting_model_saw(name: str) -> None:
    world = means()
    counter = Counter(world.model)
    made = done(name, SearchContext(counter, world.grader, world.ask, world.steps, world.judge))
    assert (made.spent.model_tokens, made.spent.calls, made.spent.judge_tokens) == (counter.tokens, counter.calls, 0)


class AskingJudge:
    """A judge that asks a model, in tasks of its own."""

    name = "asking"

    def __init__(self, model: Any):
        self.model = model

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Any]:
        asked = (self.model.complete(Prompt(step), Sampling(seed=1)) for step in candidates)
        await asyncio.gather(*asked)
        return await ScriptedJudge(knows).judge(problem, prefix, candidates)


@judged
async def test_what_a_judges_model_generates_is_charged_to_the_search_it_judged_for(name: str) -> None:
    behind = Counter(Scripted(lambda prompt, sampling, i: "that looks fine"))
    world = means()
    with_judge = SearchContext(world.model, world.grader, ask, LINES, AskingJudge(MeteredModel(behind)))
    several = [small(name, seed=seed) for seed in range(5)]
    made = await asyncio.gather(*(SEARCHES[name].run(PROBLEM, with_judge, how) for how in several))
    alone = [await SEARCHES[name].run(PROBLEM, with_judge, how) for how in several]
    assert [a.spent for a in made] == [a.spent for a in alone]
    assert sum(a.spent.judge_tokens for a in made) * 2 == behind.tokens > 0


@judged
def test_a_judge_that_reads_is_charged_for_what_it_reads(name: str) -> None:
    world = means()
    assert world.judge is not None
    reader = MeteredJudge(world.judge, lambda text: len(text.split()))
    made = done(name, SearchContext(world.model, world.grader, ask, LINES, reader))
    plain = done(name)
    assert made.answer == plain.answer
    assert made.spent.judge_tokens > 0 and made.spent.calls > plain.spent.calls


@each_search
def test_the_same_whatever_is_in_flight(name: str) -> None:
    problems = [make_problem("sum to 9", "9" + " " * i) for i in range(12)]

    async def all_of(in_flight: int) -> list[Attempt]:
        gate = asyncio.Semaphore(in_flight)

        async def one(problem: Problem) -> Attempt:
            async with gate:
                return await SEARCHES[name].run(problem, means(), small(name))

        return list(await asyncio.gather(*map(one, problems)))

    first, second, third = (asyncio.run(all_of(n)) for n in (1, 8, 64))
    assert first == second == third


@each_search
def test_seeds_and_settings_make_other_attempts(name: str) -> None:
    made = [done(name), done(name, seed=1), done(name, n=8)]
    assert len({a.id for a in made}) == 3
    assert made[0].model == made[1].model != made[2].model


@each_search
def test_what_is_cut_off_is_never_the_answer(name: str) -> None:
    def endless(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return "= 9 " + "and so on " * 500

    made = done(name, means(endless))
    assert (made.answer, made.correct, made.error, made.finish) == (None, None, "nothing finished", "length")
    assert made.spent.model_tokens > 0


@each_search
def test_texts_without_an_answer_are_never_the_answer(name: str) -> None:
    made = done(name, means(lambda prompt, sampling, i: "I do not know"))
    assert (made.answer, made.correct, made.error) == (None, None, "nothing finished")


@by_steps
def test_candidates_that_are_still_open_at_the_depth_are_not_the_answer(name: str) -> None:
    made = done(name, means(lambda prompt, sampling, i: f"+{i}\n"), depth=3)
    assert made.answer is None and made.text.count("\n") == 2


@judged
@pytest.mark.parametrize("nothing", [math.nan, math.inf, None])
def test_a_score_that_is_none_never_wins(name: str, nothing: float | None) -> None:
    def write(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return "= bad" if i % 2 == 0 else "= 9"

    made = done(name, means(write, lambda problem, prefix, step: nothing if "bad" in step else 0.01))
    assert made.answer == "9"


@judged
def test_a_judge_that_can_say_nothing_still_lets_a_search_end(name: str) -> None:
    assert done(name, means(said=lambda problem, prefix, step: None)).answer is not None


def test_one_candidate_of_width_one_is_the_greedy_chain() -> None:
    greedy = done("beam", n=1, width=1, temperature=0)
    assert greedy.text == "+3\n+3\n+3\n= 9" and greedy.decoding == "greedy"
    assert greedy.text == done("vote", n=1, temperature=0).text
    assert greedy.tokens == greedy.spent.model_tokens == 9
    for other in ("dvts", "lookahead"):
        assert done(other, n=1, width=1, temperature=0).text == greedy.text


async def test_best_of_one_is_the_single_sample() -> None:
    world = means()
    for seed in range(5):
        one = await best_of_n(PROBLEM, world, BestOfNSettings(n=1, seed=seed))
        single = await vote(PROBLEM, world, VoteSettings(n=1, seed=seed))
        assert (one.text, one.answer, one.spent) == (single.text, single.answer, single.spent)


async def test_a_greedy_vote_of_one_is_the_plain_greedy_answer() -> None:
    world = means()
    voted = await vote(PROBLEM, world, VoteSettings(n=1, temperature=0))
    rule = Decoding("greedy", temperature=0)
    (plain,) = await plain_attempt(PROBLEM, world.model, Grader(), ask, rule, split="test", seed=0)
    assert (voted.text, voted.answer, voted.tokens) == (plain.text, plain.answer, plain.tokens)


async def test_more_votes_hold_the_samples_of_fewer() -> None:
    world = means()
    await vote(PROBLEM, world, VoteSettings(n=2))
    await vote(PROBLEM, world, VoteSettings(n=4))
    seeds = {sampling.seed for _, sampling in world.model.calls}
    assert len(seeds) == 1


def test_votes_choose_the_most_frequent_answer() -> None:
    made = done("vote", means({"sum to 9\n": ["= 8", "= 9", "+9\n= 9", "+1"]}))
    assert (made.answer, made.text, made.correct) == ("9", "= 9", True)


@pytest.mark.parametrize(("how", "answer"), [("last", "a"), ("min", "b"), ("product", "c"), ("mean", "d")])
def test_best_of_n_takes_what_its_aggregate_prefers(how: Any, answer: str) -> None:
    said = {"a1": 0.1, "a2": 0.1, "= a": 1.0, "b1": 0.5, "b2": 0.5, "= b": 0.5,
            "c1": 0.45, "= c": 0.45, "d1": 0.99, "d2": 0.3, "= d": 0.9}  # fmt: skip
    texts = ["a1\na2\n= a", "b1\nb2\n= b", "c1\n= c", "d1\nd2\n= d"]
    assert done("best_of_n", means({"sum to 9\n": texts}, said), aggregate=how).answer == (
        answer if how != "product" else "d"
    )


def test_best_of_n_judges_shared_beginnings_once_and_siblings_together() -> None:
    world = means({"sum to 9\n": ["+4\n+5\n= 9", "+4\n+4\n= 8", "+4\n+5\n= 9", "+1"]})
    done("best_of_n", world)
    assert isinstance(world.judge, ScriptedJudge)
    asked = [(prefix, candidates) for _, prefix, candidates in world.judge.calls]
    assert asked == [
        ((), ("+4",)), (("+4",), ("+5", "+4")), (("+4", "+5"), ("= 9",)), (("+4", "+4"), ("= 8",))
    ]  # fmt: skip


async def test_what_is_said_after_the_answer_is_not_judged() -> None:
    class Kept(Grader):
        """The answer stays once it is said."""

        async def grade(self, problem: Problem, text: str) -> Any:
            return await Grader.grade(self, problem, text.partition("\nYes")[0])

    world = means({"sum to 9\n": "+9\n= 9\nYes\nYes again"})
    world = SearchContext(world.model, Kept(), ask, LINES, world.judge)
    made = await best_of_n(PROBLEM, world, BestOfNSettings(n=1))
    assert made.answer == "9"
    assert isinstance(world.judge, ScriptedJudge)
    assert [candidates for *_, candidates in world.judge.calls] == [("+9",), ("= 9",)]


async def test_a_solution_of_too_many_steps_is_not_judged_and_can_win_all_the_same() -> None:
    world = means({"sum to 9\n": "\n".join(["+0"] * 300) + "\n= 9"})
    made = await best_of_n(PROBLEM, world, BestOfNSettings(n=2))
    assert made.answer == "9"
    assert isinstance(world.judge, ScriptedJudge)
    assert world.judge.calls == []


async def test_a_judge_of_whole_solutions_is_asked_once_for_each_that_differs() -> None:
    asked: list[tuple[str, ...]] = []

    class Whole:
        name = "whole"

        async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
            raise AssertionError("steps are not to be judged one by one")

        async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
            asked.append(tuple(steps))
            return [Judgement(None, 0.9 if steps[-1] == "= 9" else 0.1) for _ in steps]

    world = means({"sum to 9\n": ["+4\n+4\n= 8", "+4\n+5\n= 9", "+4\n+5\n= 9", "+1"]})
    reader = MeteredJudge(Whole(), lambda text: len(text.split()))
    how = BestOfNSettings(n=4, aggregate="min")
    made = await best_of_n(PROBLEM, SearchContext(world.model, world.grader, ask, LINES, reader), how)
    assert asked == [("+4", "+4", "= 8"), ("+4", "+5", "= 9")]
    assert made.answer == "9"
    assert made.spent.judge_tokens == 2 * (3 + 4), "question and steps of both, once"


async def test_a_beam_keeps_the_best_and_draws_as_many_as_it_says() -> None:
    world = means()
    await beam(PROBLEM, world, BeamSettings(n=8, width=4, max_step_tokens=10))
    widths = [sampling.n for _, sampling in world.model.calls]
    assert widths[0] == 8
    assert set(widths[1:]) == {4}
    prefixes = [prompt.prefix for prompt, _ in world.model.calls]
    by_depth = [sum(p.count("\n") == depth for p in prefixes) for depth in range(4)]
    assert by_depth[0] == 1 and all(count <= 2 for count in by_depth[1:])


async def test_a_pruned_answer_still_competes_in_the_end() -> None:
    script = {"sum to 9\n": ["= 9", "+1\n"], "sum to 9\n+1\n": "and so " * 40}
    world = means(script, {"= 9": 0.5, "+1": 0.9})
    made = await beam(PROBLEM, world, BeamSettings(n=2, width=2, max_step_tokens=10))
    assert made.answer == "9"


async def test_trees_of_a_diverse_search_draw_apart() -> None:
    world = means()
    await dvts(PROBLEM, world, DvtsSettings(n=8, width=4, max_step_tokens=10))
    roots = [sampling.seed for prompt, sampling in world.model.calls if not prompt.prefix]
    assert len(roots) == 2 == len(set(roots))


async def test_lookahead_sees_what_a_beam_cannot() -> None:
    # "+4" looks better than "+5" until its next step is seen.
    script = {"sum to 9\n": ["+4\n", "+5\n"], "sum to 9\n+4\n": "= 4", "sum to 9\n+5\n": "= 9"}
    said = {"+4": 0.9, "+5": 0.8, "= 4": 0.1, "= 9": 0.7}
    shared: dict[str, Any] = {"n": 2, "width": 2, "max_step_tokens": 10, "aggregate": "last"}
    assert (await beam(PROBLEM, means(script, said), BeamSettings(**shared))).answer == "4"
    ahead = await lookahead(PROBLEM, means(script, said), LookaheadSettings(**shared))
    assert ahead.answer == "9"
    none = await lookahead(PROBLEM, means(script, said), LookaheadSettings(**shared, look=0))
    assert none.answer == "4"


@given(st.integers(1, 12), st.integers(0, 50), st.integers(1, 4), st.floats(0, 4))
@settings(max_examples=40)
def test_every_simulation_is_counted_once_on_its_way(n: int, seed: int, width: int, c: float) -> None:
    how = MctsSettings(n=n, seed=seed, width=width, exploration=c, max_step_tokens=10, depth=6)
    root = asyncio.run(simulate(PROBLEM, means(), how))
    assert root.visits == n or root.ended
    nodes = [root]
    for node in nodes:
        nodes += node.children.values()
        assert 0 <= node.total <= node.visits
        if node.children:
            passed = node.visits - sum(child.visits for child in node.children.values())
            assert passed == (node.ended and not node.candidate.answer)


async def test_simulations_go_where_the_judge_points_and_then_elsewhere() -> None:
    def write(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return ["+4\n", "+5\n"][i] if not prompt.prefix else f"= {sampling.seed % 10**6 + i}"

    def said(problem: Problem, prefix: Sequence[str], step: str) -> float:
        return {"+4": 0.1, "+5": 0.9}.get(step, 0.2 if prefix == ("+4",) else 0.7)

    def visits(root: Any) -> list[int]:
        return [child.visits for child in root.children.values()]

    assert visits(await simulate(PROBLEM, means(write, said), MctsSettings(n=1, width=2))) == [0, 1]
    low, high = (await simulate(PROBLEM, means(write, said), MctsSettings(n=40, width=2))).children.values()
    assert 0 < low.visits < high.visits
    assert high.total == pytest.approx(0.7 * high.visits)


async def test_a_tree_without_anything_new_ends_the_simulations() -> None:
    script = {"sum to 9\n": ["+4\n", "+5\n"], "sum to 9\n+4\n": "= 4", "sum to 9\n+5\n": "= 9"}
    root = await simulate(PROBLEM, means(script, {"= 9": 0.9}), MctsSettings(n=1000, width=2))
    assert root.ended and root.visits < 10


async def test_a_search_can_go_on_to_the_end_of_the_models_text() -> None:
    script = {"sum to 9\n": "= 8", "sum to 9\n= 8\n": ""}
    wait = {"sum to 9\n": "= 8\n", "sum to 9\n= 8\n": "= 9\n", "sum to 9\n= 8\n= 9\n": ""}
    how: dict[str, Any] = {"n": 1, "width": 1, "max_step_tokens": 10}
    assert (await beam(PROBLEM, means(wait), BeamSettings(**how))).answer == "8"
    ended = await beam(PROBLEM, means(wait), BeamSettings(**how, until="end"))
    assert (ended.answer, ended.text, ended.finish) == ("9", "= 8\n= 9", "end")
    assert (await beam(PROBLEM, means(script), BeamSettings(**how, until="end"))).answer == "8"


@each_search
def test_a_model_that_fails_for_good_fails_the_search(name: str) -> None:
    with pytest.raises(ModelError):
        done(name, means({}))


HOSTILE = [
    "(" * 5000, "\\boxed{" * 3000, "9" * 100_000, "= " + "9**9**9**9", 
    "\ud800 lone", "\u202e\u0000\u200b= 9", "\n" * 5000,
    "\n".join("+1" for _ in range(3000)) + "\n= 9", "= " + "x" * 1_000_000, "__import__('os').system('true')",
]  # fmt: skip


@each_search
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_pass_through(name: str, text: str) -> None:
    world = means(lambda prompt, sampling, i: text, lambda problem, prefix, step: 0.5)
    made = done(name, world, **({"max_tokens": 10**7} if name in ("vote", "best_of_n") else {"max_step_tokens": 10**7}))
    assert made.spent.calls > 0


@each_search
@pytest.mark.parametrize("text", [*HOSTILE, "Make 9 from 4 5", "4 + 5 = 9 ( 9 -> 9 )", "4 / 0 = 1/0 ( 1/0 -> 9 )"])
def test_hostile_texts_pass_the_exact_judge_and_the_strict_checker(name: str, text: str) -> None:
    problem = make_problem("Make 9 from 4 5", "9")
    model = Scripted(lambda prompt, sampling, i: text, name="hostile")
    world = SearchContext(model, COUNTDOWN.grader(), ask, LINES, Exact(task_of))
    longest = "max_tokens" if name in ("vote", "best_of_n") else "max_step_tokens"
    made = done(name, world, problem, **{longest: 10**7})
    assert made.correct is True or text != "4 + 5 = 9 ( 9 -> 9 )"


@each_search
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4), seed=st.integers(0, 9))
@settings(max_examples=25)
def test_any_text_passes_through(name: str, texts: list[str], seed: int) -> None:
    made = done(name, means(lambda prompt, sampling, i: texts[i % len(texts)], lambda p, b, s: 0.5), seed=seed)
    assert (made.answer is None) == (made.error == "nothing finished")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("vote", {"n": 0}), ("vote", {"temperature": -1}), ("vote", {"top_p": 0}), ("vote", {"max_tokens": 0}),
        ("best_of_n", {"aggregate": "max"}), ("best_of_n", {"choice": "worst"}), ("beam", {"n": 6, "width": 4}),
        ("beam", {"depth": 0}), ("beam", {"until": "never"}), ("lookahead", {"look": -1}),
        ("mcts", {"exploration": -1.0}), ("dvts", {"width": 0}), ("vote", {"temperature": math.nan}),
        ("tot_bfs", {"until": "end"}), ("tot_bfs", {"breadth": 0}), ("tot_dfs", {"threshold": 2}),
    ],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"search\."):
        SEARCHES[name].settings(**wrong)


def test_an_unknown_search_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="known are vote, best_of_n"):
        search("astar")


@each_search
def test_no_search_generates_more_than_it_said(name: str) -> None:
    for n in (1, 4, 8):
        how = small(name, n=n)
        calls, tokens = how.at_most()
        made = done(name, n=n)
        assert made.spent.calls <= calls and made.spent.model_tokens <= tokens


async def test_mcts_never_draws_the_same_twice() -> None:
    world = means()
    await mcts(PROBLEM, world, MctsSettings(n=20, width=2, max_step_tokens=10))
    asked = [(prompt.prefix, sampling.seed) for prompt, sampling in world.model.calls]
    assert len(asked) == len(set(asked))
