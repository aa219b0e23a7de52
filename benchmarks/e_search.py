"""Row E, search: does it pay? Every search on Countdown at equal tokens, with judges from an oracle to a noisy one.

The policy is the tiny base after phase 1 (right solutions only; the recipe's settings), three numbers a puzzle. Each
search is measured at several sizes n, and its accuracy at a budget of tokens a problem (the model's, and the judge's
where judging costs any) is that of the mixture of the two sizes around it. Judges: `exact` searches the whole puzzle,
which no judge of real problems can: an oracle, the upper end; `noisy P` knows its verdict (right steps score 0.5 to 1,
wrong ones 0 to 0.5) and turns it round with probability P (0.5: a judge that knows nothing). With --trained a step
classifier of the policy's size, trained on exact verdicts of trees of other puzzles, is one more judge, or with --prm
FOLDER any other; both are charged for the tokens that they read, and need twice the budgets.

The mark beside an accuracy compares it with the vote (maj@k) at the same tokens, problem by problem: + above, - below,
where the 95 % interval of the difference leaves out 0. A figure in brackets is of a search that cannot use up the
budget.
"""

import asyncio
import random
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import Result, flag, run, table

from journey.judges.base import Judge
from journey.judges.exact import Exact
from journey.metrics.accuracy import over_seeds
from journey.metrics.compute import AccuracyAtCost, accuracy_at_cost, at_tokens
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.cached import call_key
from journey.pipeline import registry
from journey.pipeline.arm_rows import solution_rows
from journey.search.candidate import SearchContext
from journey.search.cost import MeteredJudge
from journey.search.methods import SEARCHES
from journey.tasks.countdown.puzzle import PuzzleSettings
from journey.tasks.countdown.sources import drawn
from journey.tasks.table import task
from journey.training.settings import SftSettings
from journey.training.sft import train_sft
from journey.trees.grow import GrowSettings, grow
from journey.types import Attempt, Judgement, Problem, content_seed

TASK = task("countdown")
WHOLE = {"temperature": 1.0, "max_tokens": 120}
STEPS = {"temperature": 1.0, "max_step_tokens": 24, "depth": 4}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "best_of_n": ("best_of_n", WHOLE),
    "best_of_n last": ("best_of_n", WHOLE | {"aggregate": "last"}),
    "best_of_n product": ("best_of_n", WHOLE | {"aggregate": "product"}),
    "best_of_n mean": ("best_of_n", WHOLE | {"aggregate": "mean"}),
    "best_of_n weighted": ("best_of_n", WHOLE | {"choice": "weighted"}),
    "beam": ("beam", STEPS),
    "beam last": ("beam", STEPS | {"aggregate": "last"}),
    "dvts": ("dvts", STEPS),
    "lookahead 1": ("lookahead", STEPS),
    "mcts": ("mcts", STEPS),
}
VOTE = "vote (maj@k)"


class Remembered:
    """A model whose samples are drawn once: fewer of the same stream are the first of more."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[str, list[Completion]] = {}
        self.name = model.name

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        key = call_key(self._model, prompt, replace(sampling, n=1))
        if len(self._known.get(key, ())) < sampling.n:
            self._known[key] = await self._model.complete(prompt, sampling)
        return self._known[key][: sampling.n]


class Noisy:
    """A judge that knows another's verdict, "right" or not, and turns it round with probability `flip`.

    Its scores say no more: a right step's is any number above a half, a wrong one's any number below.
    """

    def __init__(self, judge: Judge, flip: float, seed: int) -> None:
        self.name = f"noisy {flip:g}"
        self._judge, self._flip, self._seed = judge, flip, seed

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        said = await self._judge.judge(problem, prefix, candidates)
        return [self._turned(one, (problem.id, *prefix, text)) for one, text in zip(said, candidates, strict=True)]

    def _turned(self, said: Judgement, place: Sequence[str]) -> Judgement:
        if said.verdict is None:
            return replace(said, by=self.name)
        rng = random.Random(content_seed("noisy", self._seed, *place))
        is_right = (said.verdict == "right") != (rng.random() < self._flip)
        return Judgement(None, (1 + rng.random()) / 2 if is_right else rng.random() / 2, by=self.name)


def policy(out: Path) -> Path:
    known = drawn("train", 1500, 0, PuzzleSettings(), held_out=False)
    how = SftSettings(epochs=3, batch=16, learning_rate=1e-3, seed=1)
    train_sft(registry.model_path(registry.TINY), solution_rows(known, TASK), out, how)
    return out


async def classifier(out: Path, folder: Path, puzzles: int) -> Path:
    """The tiny base as a step classifier: trained on the exact verdicts of trees that the policy grew."""
    from journey.training.prm import train_prm
    from journey.training.rows import tree_rows
    from journey.training.settings import PrmSettings

    problems = drawn("train", 1500 + puzzles, 0, PuzzleSettings(), held_out=False)[1500:]
    model, grader = registry.local(folder, "phase1"), TASK.grader()
    how = GrowSettings(width=6, keep=2, follow_wrong=4, depth=2, temperature=1.0, top_p=1.0, max_step_tokens=24)
    grown = [grow(p, model, Exact(), grader, TASK.ask, TASK.steps, how) for p in problems]
    rows = tree_rows(await asyncio.gather(*grown), problems, "hard")
    await model.close()
    train_prm(registry.model_path(registry.TINY), rows, out, PrmSettings(epochs=3, batch=16, learning_rate=1e-3))
    return out


async def attempts(
    name: str, context: SearchContext, problems: Sequence[Problem], how: dict[str, Any]
) -> list[Attempt]:
    method = SEARCHES[name]
    return list(await asyncio.gather(*(method.run(p, context, method.settings(**how)) for p in problems)))


async def curve(
    name: str, model: Model, judge: Judge | None, problems: Sequence[Problem], how: dict[str, Any], seeds: int,
    sizes: Sequence[int],
) -> list[AccuracyAtCost]:  # fmt: skip
    """What a search comes to at each size, largest first so that the smaller ones find their samples drawn."""
    context = SearchContext(model, TASK.grader(), TASK.ask, TASK.steps, judge)
    found: list[AccuracyAtCost] = []
    for n in reversed(sizes):
        # Seeds are other draws of one model: they make each puzzle's accuracy surer, and the puzzles are redrawn.
        made = [await attempts(name, context, problems, how | {"n": n, "seed": seed}) for seed in range(seeds)]
        found.append(accuracy_at_cost([[attempt for one in made for attempt in one]]))
    return found[::-1]


async def measure(folder: Path, asked: Namespace) -> dict[str, Any]:
    """Every curve, the greedy answer, and all of them at the budgets."""
    problems = drawn("test", asked.problems, 0, PuzzleSettings(), held_out=True)
    local = registry.local(folder, "phase1")
    model = Remembered(local)
    judges: list[Judge] = [Exact(), *(Noisy(Exact(), flip, 0) for flip in asked.flips)]
    if asked.trained:
        asked.prm = await classifier(folder.parent / "judge", folder, 400)
    if asked.prm is not None:
        from journey.judges.classifier import Classifier

        count = registry.token_counter(asked.prm)
        judges.append(MeteredJudge(Classifier(asked.prm, "trained"), lambda text: count({"completion": text}) - 1))
    greedy = await curve("vote", model, None, problems, WHOLE | {"temperature": 0.0}, 1, [1])
    vote = await curve("vote", model, None, problems, WHOLE, asked.seeds, asked.sizes)
    curves = {(VOTE, "none"): vote}
    for judge in judges:
        for way, (name, how) in WAYS.items():
            curves[way, judge.name] = await curve(name, model, judge, problems, how, asked.seeds, asked.sizes)
    await local.close()
    rows = [row(way, judge, found, vote, asked.budgets) for (way, judge), found in curves.items()]
    bounds = greedy[0].accuracy
    return {"problems": len(problems), "seeds": asked.seeds, "sizes": asked.sizes, "budgets": asked.budgets,
            "greedy": {"accuracy": bounds.value, "low": bounds.low, "high": bounds.high, "tokens": greedy[0].tokens},
            "rows": rows}  # fmt: skip


def row(
    way: str, judge: str, found: list[AccuracyAtCost], vote: list[AccuracyAtCost], budgets: Sequence[int]
) -> dict[str, Any]:
    """One search: its sizes as they were measured, and its accuracy at every budget against the vote's there."""
    sizes = [{"tokens": one.tokens, "judge_tokens": one.judge_tokens, "calls": one.calls,
              "accuracy": one.accuracy.value, "answered": one.answered} for one in found]  # fmt: skip
    return {"way": way, "judge": judge, "sizes": sizes, "at": [cell(found, vote, budget) for budget in budgets]}


def cell(found: list[AccuracyAtCost], vote: list[AccuracyAtCost], budget: int) -> dict[str, Any] | None:
    """The accuracy at a budget, and its difference from the vote's there; null where the budget does not suffice."""
    mine, theirs = at_tokens(found, budget), at_tokens(vote, budget)
    if mine is None:
        return None
    bounds = mine.accuracy
    data = {"accuracy": bounds.value, "low": bounds.low, "high": bounds.high, "capped": mine.capped, "mark": ""}
    return data if theirs is None else data | against(mine.rows, theirs.rows)


def against(mine: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """How far one way's accuracy of each problem, by seed, is above another's; + and - mark what is not chance."""
    gain = over_seeds([{p: a[p] - b[p] for p in a} for a, b in zip(mine, theirs, strict=True)])
    mark = "+" if gain.low > 0 else "-" if gain.high < 0 else ""
    return {"gain": gain.value, "gain_low": gain.low, "gain_high": gain.high, "mark": mark}


def shown(found: dict[str, Any]) -> list[Any]:
    greedy = found["greedy"]
    title = f"{found['problems']} puzzles, {found['seeds']} seeds, n = {found['sizes']}; accuracy in per cent"
    columns = ("search", "judge", *(f"{budget} tokens" for budget in found["budgets"]))
    lines = [(one["way"], one["judge"], *map(at_budget, one["at"])) for one in found["rows"]]
    told = f"greedy: {100 * greedy['accuracy']:.1f} ({100 * greedy['low']:.1f} to {100 * greedy['high']:.1f}) at "
    return [table(title, columns, lines), told + f"{greedy['tokens']:.0f} tokens"]


def at_budget(at: dict[str, Any] | None) -> str:
    """A cell of the table; in brackets where the budget is not used up."""
    if at is None:
        return "costs more"
    text = f"{100 * at['accuracy']:.1f} ±{50 * (at['high'] - at['low']):.1f}"
    return f"{f'({text})' if at['capped'] else text} {at['mark']}".rstrip()


def searches(options: Namespace) -> Result:
    options.problems = options.problems or (200 if options.long else 60)
    options.seeds = 3 if options.long else 1
    options.sizes = [1, 2, 4, 8, 16] if options.long else [1, 4, 16]
    options.budgets = [40, 80, 160, 320, 640] if options.long else [40, 160, 400]
    options.flips = [0.1, 0.3, 0.5] if options.long else [0.2, 0.5]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.policy or policy(Path(temporary) / "phase1")
        made = time.perf_counter() - began
        found = asyncio.run(measure(folder, options))
    found["seconds"] = {"policy": round(made, 1), "all": round(time.perf_counter() - began, 1)}
    best = {(one["way"], one["judge"]): one["at"][-1] for one in found["rows"]}
    return Result(found, any(at and at["mark"] == "+" for at in best.values()), "", shown(found))


if __name__ == "__main__":
    run(
        "E search", __doc__, searches,
        flag("--policy", type=Path, help="a model folder instead of the tiny base after phase 1"),
        flag("--trained", action="store_true", help="train a step classifier as one more judge"),
        flag("--prm", type=Path, help="a trained step classifier's folder, as one more judge"),
        flag("--problems", type=int),
    )  # fmt: skip
