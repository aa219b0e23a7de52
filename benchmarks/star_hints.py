"""STaR's hints on the tiny model: of the problems that a policy failed, how many a hint solves, and what is not kept.

A phase 1 is trained and grows trees by the task's recipe; of the problems without a right leaf a rationale is drawn
with a hint, in four tries, by that policy and by the base before any training. The control is as many tries without a
hint. "Uses it": of the kept rationales those whose right way has the step that the hint named.
"""

import asyncio
import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import bench
from bench import ROOT, Result, flag
from rich.table import Table

from journey.models.base import Model, Sampling
from journey.models.weights import TINY, local, model_path
from journey.pipeline.experiment import run_recipe
from journey.pipeline.recipe_reading import load
from journey.store.run import Run
from journey.tasks.exploration import HINT
from journey.tasks.hints import HintSettings, hint_of
from journey.tasks.table import TaskGrader, ask, task
from journey.thoughts.base import Common, Tools
from journey.thoughts.star import SPEAKS, Rationale, rationale
from journey.trees.mark import right_leaves
from journey.types import Problem, content_seed

TASKS = ("countdown", "maze")
HINTING = HintSettings(max_tokens=600)
SMALL = ["seeds=1", "arms=[phase1]", "thoughts.methods=[shortcut]", "trees.count=null", "problems.validation=0",
         "problems.test=4", "evaluation.max_tokens=20", "workers=0"]  # fmt: skip


def failed_problems(name: str, folder: Path, phase1: int, problems: int) -> tuple[list[Problem], int, Path]:
    """The problems of which phase 1 found no right end, how many were tried, and the folder of phase 1's model."""
    sizes = [f"problems.phase1={phase1}", f"problems.train={problems}", "arms.phase1.epochs=2"]
    recipe = load(ROOT / "recipes" / f"{name}.yaml", [*SMALL, *sizes], {})
    with run_recipe(recipe, folder, fresh=False, progress=lambda *line: None, on_seed=lambda run: None) as run:
        return _failed(run), run.count("trees"), folder / "models" / "seed-1" / "phase1"


def _failed(run: Run) -> list[Problem]:
    known = {problem.id: problem for problem in run.problems()}
    return [known[tree.problem] for tree in run.trees() if not right_leaves(tree)]


async def with_hints(problems: Sequence[Problem], policy: Model) -> dict[str, int]:
    """How many problems the policy solves with a hint, its tries, and why those were not kept that were not."""
    refused: Counter[str] = Counter()
    using = task(problems[0].task)
    tools = Tools(
        common=Common(model=TINY, strong=TINY), models=lambda name: policy, grader=TaskGrader(), ask=ask,
        steps=using.steps, narration=using.narration, rules=using.rules, refused=lambda why: refused.update([why]),
    )  # fmt: skip
    found = await asyncio.gather(*(rationale(problem, HINTING, tools) for problem in problems))
    solved = [one for one in found if isinstance(one, Rationale)]
    uses = sum(isinstance(one, Rationale) and _uses(problem, one) for problem, one in zip(problems, found, strict=True))
    return {"solved": len(solved), "uses": uses, "first": sum(one.trial == 1 for one in solved),
            "tries": len(solved) + refused.total(), "speaks": refused.pop(SPEAKS, 0), **refused}  # fmt: skip


def _uses(problem: Problem, found: Rationale) -> bool:
    """Whether the step that the hint named stands in the rationale."""
    hint = hint_of(problem, content_seed("hint", 0, found.trial - 1)) or HINT
    return any(step.startswith(hint.removeprefix(f"{HINT} ")) for step in found.steps)


async def without_hints(problems: Sequence[Problem], policy: Model) -> dict[str, int]:
    """The same without a hint."""
    grader = TaskGrader()

    async def trial_of(problem: Problem) -> int | None:
        for trial in range(HINTING.tries):
            seed = content_seed("hinted", 0, problem.id, trial)
            sampling = Sampling(HINTING.temperature, HINTING.top_p, HINTING.max_tokens, seed=seed)
            (drawn,) = await policy.complete(ask(problem, ()), sampling)
            if drawn.finish != "length" and (await grader.grade(problem, drawn.text)).correct:
                return trial
        return None

    found = await asyncio.gather(*map(trial_of, problems))
    return {"solved": sum(one is not None for one in found), "first": sum(one == 0 for one in found)}


Ways = tuple[tuple[str, Callable[[Sequence[Problem], Model], Coroutine[Any, Any, dict[str, int]]]], ...]
WAYS: Ways = (("with a hint", with_hints), ("without", without_hints))


def measure(options: Namespace) -> Result:
    """Both tasks, both policies."""
    phase1, problems = (1500, 480) if options.long else (800, 160)
    figures: dict[str, Any] = {}
    table = Table(
        "task", "policy", "failed", "way", "solved", "at the first try", "uses it", "tries", "speaks of the hint"
    )
    for name in options.task or TASKS:
        with tempfile.TemporaryDirectory() as folder:
            failed, tried, weights = failed_problems(name, Path(folder) / "run", phase1, problems)
            for policy, place in (("phase 1", str(weights)), ("the base", model_path(TINY))):
                for way, draw in WAYS:
                    of = asyncio.run(draw(failed, local(place, policy)))
                    figures[f"{name}, {policy}, {way}"] = {"failed": len(failed), "trees": tried, **of}
                    shares = [f"{of[key]} ({of[key] / len(failed):.0%})" for key in ("solved", "first")]
                    if "tries" in of:
                        shares += [
                            f"{of['uses']}",
                            f"{of['tries']}",
                            f"{of['speaks']} ({of['speaks'] / of['tries']:.1%})",
                        ]
                    table.add_row(name, policy, f"{len(failed)} of {tried}", way, *shares)
    return Result(figures, None, "a measurement, no row", shown=[table])


if __name__ == "__main__":
    bench.run("STaR's hints", __doc__, measure, flag("--task", action="append", choices=TASKS, help="this task only"))
