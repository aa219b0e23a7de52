"""E9: side trips at every node against trips from the question, at depth; and what one task's journeys do for another.

One model learns the right solutions of both tasks (phase 1) and grows the trees of each. From the same trees of a task
come its arms: the shortcut, journeys by the report's rule (side trips at every node of the right path), journeys with
side trips from the question only, each at equal thoughts and the shorter ones at equal trained tokens, too. Every arm
is tested on its own task; phase 1, the shortcut and the journey of a task also on the other one, as they are and after
20 and 80 of its journeys. Settings were chosen on validation problems (`--split validation`); the test is read once.

Each (arm, seed) is one small JSON in benchmarks/results; the table combines those made by the same base and settings.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, by_seed, flag, numbers, percent, rights_of, run, table

from journey.answers.grade import Grader
from journey.evals.attempts import Decoding, attempt
from journey.judges.exact import Exact
from journey.metrics.accuracy import holm, no_difference, over_seeds
from journey.metrics.paired import compared, gains
from journey.models.local import Local
from journey.models.weights import folder_hash, model_path, token_counter
from journey.pipeline.arm_rows import solution_rows
from journey.tasks.base import Task
from journey.tasks.table import TASKS, task_of
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.training.rows import Row, match_tokens, sft_rows
from journey.training.settings import SftSettings
from journey.training.sft import train_sft
from journey.trees.grow import GrowSettings, grow
from journey.trees.mark import path, right_leaves, wrong_branches
from journey.types import Problem, Thought, content_hash

OTHER = {"countdown": "maze", "maze": "countdown"}
GROW = {
    "countdown": GrowSettings(6, 2, 2, follow_wrong=6, temperature=1.0, top_p=1.0, max_step_tokens=24),
    "maze": GrowSettings(4, 2, 10, follow_wrong=4, temperature=1.0, top_p=1.0, max_step_tokens=24),
}
COMMON = {"vary": True, "least_score": 0.5, "to_answer": True}
RULES = {
    "journey": TraverseSettings(trials=3, **COMMON),
    "journey from the question": TraverseSettings(start="root", trials=6, **COMMON),
}
BEST = {"countdown": "journey from the question", "maze": "journey"}  # the rule of the task's recipe
ADAPT = (20, 80)


@dataclass(frozen=True)
class Settings:
    """How much of everything; the quick form has less."""

    phase1: int = 1500
    train: int = 480
    thoughts: int = 327
    validation: int = 200
    test: int = 300
    sft: SftSettings = SftSettings(epochs=3, batch=16, learning_rate=1e-3)
    decoding: Decoding = Decoding("sampled", 1.0, 1.0, 600)


QUICK = Settings(phase1=200, train=40, thoughts=24, validation=20, test=20)


class Seed:
    """All arms of one seed: their models lie in `folder`, their figures in `results`."""

    def __init__(
        self, number: int, base: str, settings: Settings, split: str, folder: Path, results: Path = RESULTS
    ) -> None:
        self.number, self.base, self.settings, self.split = number, base, settings, split
        self.folder, self.results = folder, results
        self.problems = {name: problems(TASKS[name], settings) for name in OTHER}

    def name_of(self, arm: str) -> Path:
        """The file of an arm's results."""
        # A setting that is younger than these results and null changes nothing, and their names stay.
        rules = [
            {name: {key: value for key, value in asdict(one).items() if (key, value) != ("steps", None)}
             for name, one in table.items()} for table in (GROW, RULES)
        ]  # fmt: skip
        work = content_hash(folder_hash(Path(self.base)), asdict(self.settings), self.split, rules, BEST, ADAPT)
        return self.results / f"e9-{self.split}-{work[:8]}-seed-{self.number}-{arm.replace(' ', '-')}.json"

    async def measure(self) -> None:
        """Trains and tests every arm whose results are not there."""
        rows = [row for name in OTHER for row in solution_rows(self.problems[name]["phase1"], TASKS[name])]
        phase1 = self.train("phase 1", self.base, rows)
        thoughts = {name: await self.thoughts(name, phase1) for name in OTHER}
        for name, by_arm in thoughts.items():
            await self.test("phase 1", phase1, name)
            arms = {arm: self.train(f"{name} {arm}", phase1, self.rows(name, by_arm[arm])) for arm in by_arm}
            most = max(self.tokens(name, by_arm[arm]) for arm in RULES)
            for arm, kept in by_arm.items():
                if self.tokens(name, kept) < most:
                    matched = match_tokens(self.rows(name, kept), token_counter(phase1), most, seed=self.number)
                    arms[f"{arm}, equal tokens"] = self.train(f"{name} {arm}, equal tokens", phase1, matched)
            for arm, place in arms.items():
                await self.test(f"{name} {arm}", place, name)
            other = OTHER[name]
            starts = {"phase 1": phase1, f"{name} shortcut": arms["shortcut"], f"{name} journey": arms[BEST[name]]}
            for start, place in starts.items():
                if start != "phase 1":
                    await self.test(f"{start} on {other} after 0", place, other)
                for count in ADAPT:
                    few = self.rows(other, thoughts[other][BEST[other]][:count])
                    adapted = self.train(f"{start} and {count} of {other}", place, few)
                    await self.test(f"{start} on {other} after {count}", adapted, other)

    async def thoughts(self, name: str, policy: Path) -> dict[str, list[Thought]]:
        """The thoughts of a task's arms, made of the same trees."""
        task, by_id = TASKS[name], {p.id: p for p in self.problems[name]["train"]}
        model, judge, grader = Local(policy, f"seed-{self.number}/phase1"), Exact(task_of), task.grader()
        found = await asyncio.gather(*(self.tree(p, model, judge, grader, task) for p in by_id.values()))
        await model.close()
        trees = [tree for tree in found if right_leaves(tree) and wrong_branches(tree)][: self.settings.thoughts]
        by_arm: dict[str, list[Thought]] = {"shortcut": [], **{arm: [] for arm in RULES}}
        for tree in trees:
            leaf = min(right_leaves(tree), key=lambda i: len(path(tree, i)))
            walks = {arm: traverse(tree, leaf, rule, self.number) for arm, rule in RULES.items()}
            for arm, walk in {"shortcut": straight(tree, leaf), **walks}.items():
                by_arm[arm].append(draft(tree, by_id[tree.problem], walk, task.narration))
        return by_arm

    async def tree(self, problem: Problem, model: Local, judge: Exact, grader: Grader, task: Task) -> Any:
        settings = replace(GROW[task.name], seed=self.number)
        return await grow(problem, model, judge, grader, task.ask, task.steps, settings)

    def rows(self, name: str, thoughts: Iterable[Thought]) -> list[Row]:
        return sft_rows(thoughts, self.problems[name]["train"], TASKS[name].ask)

    def tokens(self, name: str, thoughts: Iterable[Thought]) -> int:
        return sum(map(token_counter(self.base), self.rows(name, thoughts)))

    def train(self, arm: str, start: str | Path, rows: Sequence[Row]) -> Path:
        out = self.folder / f"seed-{self.number}" / arm.replace(" ", "-")
        train_sft(start, rows, out, replace(self.settings.sft, seed=self.number))
        return out

    async def test(self, arm: str, place: Path, name: str) -> None:
        """Writes an arm's answers to the problems of a task, as figures."""
        file = self.name_of(arm if arm.startswith(name) or " on " in arm else f"{arm} on {name} after 0")
        if file.is_file():
            return
        task, asked = TASKS[name], self.problems[name][self.split]
        model, grader = Local(place, f"seed-{self.number}/{arm}"), task.grader()
        drawn = [
            attempt(p, model, grader, task.ask, self.settings.decoding, split=self.split, seed=self.number)
            for p in asked
        ]
        answers = [one for (one,) in await asyncio.gather(*drawn)]
        await model.close()
        figures = {
            "seed": self.number,
            "arm": file.stem.split(f"seed-{self.number}-")[1],
            "right": "".join("1" if a.correct is True else "0" for a in answers),
            "tokens": fmean(a.tokens for a in answers),
            "cut_off": fmean(a.finish == "length" for a in answers),
            "wrong_form": fmean(a.correct is None and a.finish != "length" for a in answers),
        }
        self.results.mkdir(exist_ok=True)
        file.write_text(json.dumps(figures) + "\n", "utf-8")


def problems(task: Task, settings: Settings) -> dict[str, list[Problem]]:
    """The problems of a task by what they are for: those of validation and test are held out from every training."""
    assert task.draw is not None and task.settings is not None
    seen = task.draw("train", settings.phase1 + settings.train, 0, task.settings(), held_out=False)
    unseen = task.draw("test", settings.validation + settings.test, 0, task.settings(), held_out=True)
    return {
        "phase1": seen[: settings.phase1],
        "train": seen[settings.phase1 :],
        "validation": unseen[: settings.validation],
        "test": unseen[settings.validation :],
    }


def gain(found: Mapping[str, Mapping[int, Any]], less: str, more: str) -> dict[str, Any] | None:
    """The second arm's accuracy minus the first's in points, paired by problem, over the seeds that both have.

    "p": the probability of so large a difference where there is none, not yet corrected.
    """
    seeds = sorted(found.get(less, {}).keys() & found.get(more, {}).keys())
    if not seeds:
        return None
    pairs = [(rights_of(found[less][s]), rights_of(found[more][s])) for s in seeds]
    d = compared(pairs).difference
    p = no_difference(gains(pairs))
    return {"seeds": len(seeds), "points": 100 * d.value, "low": 100 * d.low, "high": 100 * d.high, "p": p}


def comparisons(arms: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What is compared: its name, and the two arms. Of two ways of telling the shorter one is matched by tokens."""
    pairs: dict[str, tuple[str, str]] = {}
    for name, other in OTHER.items():
        best = f"{name}-{BEST[name].replace(' ', '-')}"
        pairs[f"{name}: journey over shortcut"] = (f"{name}-shortcut", best)
        rules = [f"{name}-{rule.replace(' ', '-')}" for rule in RULES]
        pairs[f"{name}: every node over the question, equal thoughts"] = (rules[1], rules[0])
        matched = [f"{rule},-equal-tokens" if f"{rule},-equal-tokens" in arms else rule for rule in rules]
        pairs[f"{name}: every node over the question, equal tokens"] = (matched[1], matched[0])
        for count in (0, *ADAPT):
            both = (f"{name}-shortcut-on-{other}-after-{count}", f"{name}-journey-on-{other}-after-{count}")
            pairs[f"{name}'s journey over its shortcut on {other} after {count} of its journeys"] = both
    return pairs


def depth_and_transfer(options: Namespace) -> Result:
    """Measures the seeds that are asked for and shows all that are there."""
    settings = Settings() if options.long else QUICK
    base = options.base or model_path("tiny")
    with tempfile.TemporaryDirectory() as folder:
        results = RESULTS if options.long else Path(folder) / "results"
        for number in options.seeds:
            seed = Seed(number, base, settings, options.split, options.work or Path(folder), results)
            asyncio.run(seed.measure())
        work = Seed(0, base, settings, options.split, Path()).name_of("x").name.split("-seed-")[0]
        found = by_seed(results.glob(f"{work}-seed-*.json"))
    arms: dict[str, dict[str, Any]] = {}
    for arm, seeds in found.items():
        spread = over_seeds([{k: float(v) for k, v in rights_of(f).items()} for f in seeds.values()])
        means = {key: fmean(f[key] for f in seeds.values()) for key in ("tokens", "cut_off", "wrong_form")}
        arms[arm] = {"seeds": len(seeds), "accuracy": spread.value, "low": spread.low, "high": spread.high, **means}
    compared_arms = comparisons(found)
    pairs = {name: d for name, (less, more) in compared_arms.items() if (d := gain(found, less, more)) is not None}
    corrected = holm({name: d["p"] for name, d in pairs.items()})
    pairs = {name: d | {"holm": corrected[name]} for name, d in pairs.items()}
    shown = [
        table("arms", ("arm", "seeds", "right", "low", "high", "tokens", "cut off", "wrong form"), [
            (arm, a["seeds"], *map(percent, (a["accuracy"], a["low"], a["high"])), a["tokens"],
             percent(a["cut_off"]), percent(a["wrong_form"])) for arm, a in sorted(arms.items())
        ]),
        table("differences, points", ("", "seeds", "points", "low", "high", "p (Holm)"), [
            (name, d["seeds"], d["points"], d["low"], d["high"], f"{d['holm']:.3g}") for name, d in pairs.items()
        ]),
    ]  # fmt: skip
    fewest = min((d["seeds"] for d in pairs.values()), default=0)
    is_whole = options.long and options.split == "test" and fewest >= 5 and len(pairs) == len(compared_arms)
    kept = {"work": work, "arms": arms, "differences": pairs}
    return Result(kept, True if is_whole else None, "" if is_whole else "the row wants --long and five seeds", shown)


if __name__ == "__main__":
    run(
        "E9",
        __doc__,
        depth_and_transfer,
        flag("--seeds", type=numbers, default=[0], help="such as 0,1"),
        flag("--base", help="folder of the base model; the default is tiny"),
        flag("--split", choices=("validation", "test"), default="test", help="which held-out problems"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )
