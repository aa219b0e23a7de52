"""E6: four rounds of journeys, shortcuts, STaR and their hybrid, from the same problems or new ones; and a collapse.

Each round's trees are grown by the arm's own last model; every round trains from the same phase 1, on the thoughts of
all rounds, for the same passes. The control that decides is ONE round of as many trees from the first policy
("control-same", "control-new"): its last model is trained on as many thoughts for as many passes, and "...-long" once
more for as many tokens as all four rounds together. Guards measure and stop nobody: what they would have stopped
stands in the figures. "collapse" replaces the data, has no given rows, starts from the last model and grows its trees
at a low temperature, up to eight rounds; "share-..." variants set the given rows, mixed into every round's training.
Guards see the validation problems only; the test is read when the last round of a variant is done.

Each (variant, arm, seed, round) is one small JSON in benchmarks/results; the table combines those of the same settings.
"""

import asyncio
import json
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, ROOT, Result, flag, numbers, percent, run, table
from rl_runs import gain, rights, shares

from journey.data.problems import part
from journey.evals.attempts import Decoding
from journey.evals.guards import Guards, best_of, verdict
from journey.metrics.accuracy import mean_tokens, over_seeds
from journey.metrics.at_k import by_problem
from journey.models.base import close
from journey.models.local import Local
from journey.models.weights import folder_hash, model_path
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.fan_out import silent
from journey.pipeline.jobs import ROUND, TRAIN, TREES, jobs_of
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import store_problems
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import load, plain_recipe
from journey.pipeline.rounds import go_round, round_mix, rounds_of, start_of
from journey.pipeline.seed_work import Budget, seed_run
from journey.pipeline.stages import evaluate, train
from journey.report.charts import Chart, Line, chart_svg
from journey.report.document import Picture
from journey.report.render import write_pictures
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.training.settings import SftSettings
from journey.types import ModelRef, content_hash

BASE, LONG = "base", "long"
OFF = ["rounds.guards=off", "rounds.guards.problems=50"]
LAST = [*OFF, "rounds.start=last"]
COLLAPSE = [*LAST, "rounds.data=replace", "rounds.given=0", "rounds.temperature=0.3"]
VARIANTS: dict[str, tuple[int, list[str]]] = {
    BASE: (1, OFF),
    "same": (4, OFF),
    "new": (4, [*OFF, "rounds.problems=new"]),
    "control-same": (4, [*OFF, "rounds.policy=first"]),
    "control-new": (4, [*OFF, "rounds.policy=first", "rounds.problems=new"]),
    "collapse": (8, COLLAPSE),
    **{
        f"share-{share}-{data}": (4, [*LAST, f"rounds.given={share / 100}", f"rounds.data={data}"])
        for share in (0, 30, 60, 100)
        for data in ("replace", "accumulate")
    },
}
"""How many rounds a variant has, and the settings that it has beside the recipe's."""
SAMPLES = 2
OF_PROBLEMS = 480 / 327  # problems for each tree that gives thoughts, in the recipe
QUICK = (
    "problems.phase1=320", "problems.train=30", "problems.validation=4", "problems.test=4", "arms.phase1.epochs=2",
    "trees.count=12", "training.epochs=1", "evaluation.max_tokens=150",
)  # fmt: skip
FIGURES = ("pass_at", "right_ways", "first_steps", "entropy", "ngrams", "likeness", "tokens", "cut_off", "new_ways")
Found = dict[tuple[str, str], dict[int, dict[int, dict[str, Any]]]]
"""By variant and arm, seed and round."""


class Rounds:
    """The runs of a task: each (variant, seed) is one, a copy of the seed's base that goes on."""

    def __init__(
        self, task: str, arms: list[str], *, trees: int | None, is_long: bool, folder: Path, results: Path
    ) -> None:
        few = [] if trees is None else [f"trees.count={trees}", f"problems.train={round(trees * OF_PROBLEMS)}"]
        self.settings = [f"base={task}.yaml", "seeds=1", "workers=0", *few]
        self.is_long, self.folder, self.results, self.arms = is_long, folder, results, arms
        recipe = plain_recipe(self.recipe(BASE, 1))
        made = {name: recipe[name] for name in ("problems", "trees", "training", "evaluation", "rounds")}
        traverse = recipe["thoughts"]["traverse"]
        made["problems"].pop("language")  # younger than the results, and not used
        self.work = f"e6-{task}-{content_hash(folder_hash(Path(model_path('tiny'))), made, traverse)[:8]}"

    def recipe(self, variant: str, seed: int) -> Recipe:
        count, more = VARIANTS[variant]
        small = [] if self.is_long else [*QUICK, "rounds.guards.samples=2"]
        count = count if self.is_long else min(count, 2)
        return load(ROOT / "recipes" / "rounds.yaml", [
            *self.settings, *small, f"first_seed={seed}", "rounds=1", *more, f"rounds.count={count}"
        ], {})  # fmt: skip

    def place(self, variant: str, seed: int) -> Path:
        return self.folder / f"{self.work}-seed-{seed}" / variant

    def file(self, variant: str, seed: int, arm: str, number: int) -> Path:
        return self.results / f"{self.work}-{variant}-seed-{seed}-{arm}-round-{number}.json"

    def has(self, variant: str, seed: int) -> bool:
        """Whether all results of a variant in a seed are there."""
        made = self.made(variant, seed)
        return all(self.file(variant, seed, arm, number).is_file() for arm in self.arms for number in made)

    def made(self, variant: str, seed: int) -> range:
        """The rounds that a variant makes itself; round 1 is the base's."""
        return range(1 if variant == BASE else 2, self.recipe(variant, seed).rounds.count + 1)

    def make(self, variant: str, seed: int) -> None:
        """Makes a variant in a seed and writes what its rounds came to; what is there already is not made again."""
        recipe, place = self.recipe(variant, seed), self.place(variant, seed)
        if variant != BASE and not place.is_dir():
            self.make(BASE, seed)
            half = place.with_name(f".{place.name}")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(self.place(BASE, seed), half)
            half.rename(place)
        with open_run(place, recipe, fresh=False) as run:
            store_problems(run, recipe)
            for job in jobs_of(recipe):
                is_base = variant == BASE and job.key.kind in (TREES, TRAIN)
                if is_base or (job.key.kind == ROUND and job.key.arm in self.arms):
                    job.function(run, silent, *job.arguments)
            if variant == BASE:
                self.measure_first(run, recipe, seed)
            for arm in self.arms:
                for number in self.made(variant, seed):
                    self.write(run, recipe, variant, seed, arm, number)
                if variant.startswith("control"):
                    self.train_long(run, recipe, variant, seed, arm)

    def measure_first(self, run: Run, recipe: Recipe, seed: int) -> None:
        """What the guards measure of round 1, and what its policy answers to the test problems."""
        rounds = replace(recipe, rounds=replace(recipe.rounds, count=2))
        for arm in recipe.arms_in_rounds:
            asyncio.run(go_round(seed_run(run, silent, rounds, seed), rounds, arm, Budget()))
        of = seed_run(run, silent, recipe, seed)
        self.keep(BASE, seed, "phase1", 1, {"measured": {}} | tested(of, of.name("phase1")))

    def write(self, run: Run, recipe: Recipe, variant: str, seed: int, arm: str, number: int) -> None:
        done = rounds_of(run, seed, arm)
        of = replace(seed_run(run, silent, recipe, seed, number), round=number)
        if (one := done.get(number)) is None:
            return
        trees = [tree for tree in run.trees(policy=one.policy) if tree.settings.get("seed") == of.tree_seed]
        trained = run.entries(Training, model=one.model) if one.model else []
        figures = {
            "policy": one.policy, "mix": one.mix, "measured": one.measured, "settings": one.settings,
            "stopped": one.stopped, "would_stop": would_stop(done, number), "trees": len(trees),
            "generated": sum(node.tokens for tree in trees for node in tree.nodes),
            "trained": sum(t.tokens or 0 for t in trained), "seconds": sum(t.seconds or 0.0 for t in trained),
        }  # fmt: skip
        self.keep(variant, seed, arm, number, figures | (tested(of, one.model) if one.model else {}))

    def train_long(self, run: Run, recipe: Recipe, variant: str, seed: int, arm: str) -> None:
        """The control once more, for as many tokens as all its rounds together."""
        file = self.file(f"{variant}-{LONG}", seed, arm, number := recipe.rounds.count)
        spent = [t.tokens or 0 for t in run.entries(Training, arm=arm, seed=seed)]
        if file.is_file() or not spent or number not in rounds_of(run, seed, arm):
            return
        of = replace(seed_run(run, silent, recipe, seed, number), round=number)
        _, start = start_of(of, recipe, arm)
        mix = asyncio.run(round_mix(of, recipe, arm, start))
        settings: SftSettings = recipe.arms[arm]
        settings = replace(settings, seed=seed, epochs=settings.epochs * sum(spent) / max(spent))
        name = f"seed-{seed}/{LONG}/{arm}"
        train(run, ModelRef(name, seed), start, mix.rows, settings)
        (entry,) = run.entries(Training, model=name)
        about = {"trained": entry.tokens, "seconds": entry.seconds, "mix": mix.counts, "measured": {}}
        self.keep(f"{variant}-{LONG}", seed, arm, number, {**about} | tested(of, name))

    def keep(self, variant: str, seed: int, arm: str, number: int, figures: dict[str, Any]) -> None:
        self.results.mkdir(parents=True, exist_ok=True)
        about = {"variant": variant, "arm": arm, "seed": seed, "round": number}
        self.file(variant, seed, arm, number).write_text(json.dumps(about | figures) + "\n", "utf-8")

    def found(self) -> Found:
        """All results that are there; round 1 of a variant is the base's."""
        found: Found = {}
        for file in sorted(self.results.glob(f"{self.work}-*.json")):
            figures = json.loads(file.read_text("utf-8"))
            place = found.setdefault((figures["variant"], figures["arm"]), {})
            place.setdefault(figures["seed"], {})[figures["round"]] = figures
        for (variant, arm), seeds in found.items():
            for seed, rounds in seeds.items():
                first = found.get((BASE, arm), {}).get(seed, {}).get(1)
                if first is not None and LONG not in variant:
                    seeds[seed] = {1: first, **rounds}
        return found


def would_stop(done: Mapping[int, Round], number: int) -> str | None:
    """What the guards as they are by default say of a round."""
    if number == 1 or number not in done:
        return None
    good = best_of(done[n].measured for n in range(1, number))
    return verdict(done[number].measured, done[1].measured, good, Guards())


def tested(of: SeedRun, name: str) -> dict[str, Any]:
    """What a model answers to the test problems, `SAMPLES` times each."""
    rule = Decoding("tested", of.evaluation.temperature, of.evaluation.top_p, of.evaluation.max_tokens, SAMPLES)
    problems = part(of.run, "test")

    async def answer() -> None:
        model = Local(of.run.path / "models" / name, name)
        await evaluate(of.run, problems, model, rule, split="test", seed=of.seed)
        await close(model)

    asyncio.run(answer())
    drawn = by_problem(of.run.attempts(model=name, decoding=rule.shown))
    each = [drawn[problem.id] for problem in problems]
    every = [a for answers in each for a in answers]
    return {
        "right": rights(each), "tokens": mean_tokens(every),
        "cut_off": fmean(a.finish == "length" for a in every),
    }  # fmt: skip


def right(rounds: Mapping[int, Mapping[str, Any]], number: int) -> dict[str, float] | None:
    """Each test problem's share of right answers in a round; null where it made no model."""
    found = rounds.get(number, {}).get("right")
    return None if found is None else shares(found, SAMPLES)


def of_round(seeds: Mapping[int, dict[int, dict[str, Any]]], number: int) -> dict[int, dict[str, float]]:
    return {seed: one for seed, rounds in seeds.items() if (one := right(rounds, number)) is not None}


def kept(rounds: dict[int, dict[str, Any]]) -> int:
    """The round of the last good model, had the guards stopped this arm."""
    stops = [n for n, one in sorted(rounds.items()) if one.get("would_stop") or one.get("right") is None]
    return stops[0] - 1 if stops else max(rounds)


def summary(found: Found, most: int) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """The accuracy of every round, the differences that decide, and the last good model's accuracy."""
    rows, figures = list[tuple[Any, ...]](), dict[str, Any]()
    for (variant, arm), seeds in sorted(found.items()):
        last = max(number for rounds in seeds.values() for number in rounds)
        spreads = {n: over_seeds(list(each.values())) for n in range(1, last + 1) if (each := of_round(seeds, n))}
        end, others = of_round(seeds, last), {
            "round 1": of_round(seeds, 1) if last > 1 else {},
            "control": of_round(found.get((f"control-{variant}", arm), {}), last),
            "long control": of_round(found.get((f"control-{variant}-{LONG}", arm), {}), last),
        }  # fmt: skip
        over = {name: gain(end, other) for name, other in others.items()}
        good = [one for rounds in seeds.values() if (one := right(rounds, kept(rounds))) is not None]
        figures[f"{variant}, {arm}"] = {
            "seeds": len(seeds),
            "rounds": {n: {"accuracy": s.value, "low": s.low, "high": s.high} for n, s in spreads.items()},
            "over": {name: d for name, d in over.items() if d is not None},
            "kept": over_seeds(good).value if good else None,
            "stopped": {seed: kept(rounds) for seed, rounds in seeds.items()},
        }
        shown = [percent(spreads[n].value if n in spreads else None) for n in range(1, most + 1)]
        gains = [f"{d['points']:+.1f} ({d['low']:+.1f} to {d['high']:+.1f})" if d else "-" for d in over.values()]
        rows.append((f"{variant}, {arm}", len(seeds), *shown, *gains, percent(figures[f"{variant}, {arm}"]["kept"])))
    return rows, figures


def between(found: Found) -> dict[str, dict[str, Any]]:
    """What arms of one variant, and a variant whose data is kept and one whose is replaced, differ by at the end."""
    arms = (("star", "shortcut"), ("hybrid", "journey"), ("hybrid", "star"), ("journey", "shortcut"))
    sides = [((variant, more), (variant, less)) for variant in ("same", "new") for more, less in arms]
    sides += [
        ((variant, arm), (variant.replace("accumulate", "replace"), arm))
        for variant, arm in sorted(found)
        if variant.endswith("accumulate")
    ]
    gains = {f"{', '.join(more)} over {', '.join(less)}": gain(at_end(found, more), at_end(found, less))
             for more, less in sides}  # fmt: skip
    return {name: one for name, one in gains.items() if one is not None}


def at_end(found: Found, of: tuple[str, str]) -> dict[int, dict[str, float]]:
    """The last round of a variant's arm; of one that was not made nothing."""
    seeds = found.get(of, {})
    return of_round(seeds, max((number for rounds in seeds.values() for number in rounds), default=0))


def narrowing(found: Found, variant: str) -> list[tuple[Any, ...]]:
    """The guards' figures round by round, means over the seeds, and how many seeds a guard would have stopped there."""
    rows = list[tuple[Any, ...]]()
    for (of, arm), seeds in sorted(found.items()):
        for number in sorted({n for rounds in seeds.values() for n in rounds}) if of == variant else ():
            at = [rounds[number] for rounds in seeds.values() if number in rounds]
            known = [
                [v for one in at if (v := one["measured"].get(name)) is not None] for name in ("accuracy", *FIGURES)
            ]
            why = [one["would_stop"] for one in at if one.get("would_stop")]
            names = ", ".join(sorted({text.split(":")[0].removeprefix("guard ") for text in why}))
            rows.append((f"{arm}, round {number}", *(fmean(v) if v else None for v in known), names or "-"))
    return rows


def pictures(found: Found, arm: str = "journey") -> list[Picture]:
    """An arm's accuracy on the test over the rounds of every variant, and how its first steps narrow on validation."""
    tones = ("accent", "ink", "teal", "plum", "ochre", "soft")
    shown = {v: seeds for (v, of), seeds in sorted(found.items()) if of == arm and v != BASE and LONG not in v}
    right_lines, entropy_lines = list[Line](), list[Line]()
    for (variant, seeds), tone in zip(shown.items(), tones, strict=False):
        numbers = sorted({n for rounds in seeds.values() for n in rounds})
        means = [
            (n, fmean(fmean(one.values()) for one in each.values())) for n in numbers if (each := of_round(seeds, n))
        ]
        right_lines.append(Line(variant, means, tone))
        bits = [(n, [r[n]["measured"]["entropy"] for r in seeds.values() if n in r]) for n in numbers]
        entropy_lines.append(Line(variant, [(n, fmean(b)) for n, b in bits if b and None not in b], tone))
    about = f"{arm}, by round; collapse: no guards, data replaced, nothing given, low temperature"
    charts = (
        Chart("rounds", f"Right on the test: {about}", "round", "", right_lines, percent=True, whole=True),
        Chart("rounds_entropy", f"Bits of the first step: {about}", "round", "bits", entropy_lines, whole=True),
    )
    return [Picture(chart.name, chart.title, chart_svg(chart)) for chart in charts]


def measured(options: Namespace) -> Result:
    """Makes the variants, arms and seeds that are asked for and shows all that are there."""
    with tempfile.TemporaryDirectory() as name:
        results = RESULTS if options.long else Path(name) / "results"
        here = Rounds(
            options.task,
            options.arms,
            trees=options.trees,
            is_long=options.long,
            folder=options.work or Path(name),
            results=results,
        )
        for seed in options.seeds:
            for variant in options.variant:
                if not here.has(variant, seed):
                    here.make(variant, seed)
        found, work = here.found(), here.work
    if options.draw is not None:
        options.draw.mkdir(parents=True, exist_ok=True)
        write_pictures(options.draw, pictures(found))
    most = max(number for seeds in found.values() for rounds in seeds.values() for number in rounds)
    rows, figures = summary(found, most)
    columns = ("", "seeds", *(f"{n}" for n in range(1, most + 1)), "over round 1", "over control", "over long", "kept")
    shown = [table("right on the test by rounds, and points that the last one gained", columns, rows)]
    figures["between"] = between(found)
    shown.append(table("differences at the end, points", ("", "seeds", "points", "low", "high"), [
        (name, d["seeds"], d["points"], d["low"], d["high"]) for name, d in figures["between"].items()
    ]))  # fmt: skip
    for variant in sorted(variant for variant in {one for one, _ in found} & VARIANTS.keys() - {BASE}):
        if lines := narrowing(found, variant):
            shown.append(table(f"{variant}: on validation", ("", "accuracy", *FIGURES, "would stop"), lines))
    wanted = [("same", "journey"), ("control-same", "journey"), ("new", "journey"), ("control-new", "journey")]
    is_whole = options.long and all(len(found.get(key, {})) >= 3 for key in wanted)
    why = "" if is_whole else "the row wants --long and three seeds of both curves and their controls"
    return Result({"work": work, **figures}, True if is_whole else None, why, shown)


if __name__ == "__main__":
    run(
        "E6",
        __doc__,
        measured,
        flag("--task", choices=("countdown", "maze"), default="countdown"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2,3"),
        flag("--arms", type=lambda text: text.split(","), default=["shortcut", "journey"], help="such as star,hybrid"),
        flag(
            "--variant", type=lambda text: [v for v in text.split(",") if v], default=["same"], help=", ".join(VARIANTS)
        ),
        flag("--trees", type=int, help="so many a round, which leaves more to gain; by default the recipe's 327"),
        flag("--draw", type=Path, help="folder to draw the rounds into, as SVG"),
        flag("--work", type=Path, help="folder to keep the runs in; a seed's base is made there first"),
    )
