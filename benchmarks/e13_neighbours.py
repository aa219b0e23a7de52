"""E13: the neighbours of journey learning, measured: accuracy against all tokens, of training and of answering.

From a finished run of recipes/countdown.yaml or recipes/maze.yaml (`--run`) come phase 1, the trees, the shortcut, the
journey and DPO. Measured here: STaR and Quiet-STaR from phase 1, and searches by phase 1's model (self-consistency,
best of N by a process reward model that is trained on the same trees, Tree of Thoughts). Reinforcement learning and
rounds come from the results of E5 and E6. Every model starts from the same base, every judge of training is the task's
exact one, and the checker takes no part in a search. ToT draws and votes at the paper's 0.7, STaR's hints at theirs,
everything else at the recipe's temperature.

Tokens: `answer` a problem (thoughts, votes and what a process reward model reads included), `generated` to make the
training's data (trees, hinted rationales, answers drawn), `trained` on, all passes and all phases counted. Each
(method, seed) is one small JSON in benchmarks/results; the table combines those of the same run's settings.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, by_seed, flag, numbers, percent, run, table
from rl_runs import mean, rights, shares

from journey.data.problems import part
from journey.evals.attempts import Decoding, attempt
from journey.judges.classifier import Classifier
from journey.metrics.accuracy import over_seeds
from journey.models.base import Model, close
from journey.models.cached import Cached, MemoryCalls
from journey.models.local import Local
from journey.models.local_thoughts import Thoughtful
from journey.models.weights import folder_hash, model_path, text_counter
from journey.pipeline.arms import PHASE1, source_of
from journey.pipeline.stages import branched_trees
from journey.search.candidate import SearchContext
from journey.search.cost import MeteredJudge, MeteredModel
from journey.search.methods import SEARCHES
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.hints import HintSettings
from journey.tasks.table import TASKS, TaskGrader, ask
from journey.thoughts.base import Common, Material, Tools
from journey.thoughts.star import is_hinted, make_star
from journey.training.prm import train_prm
from journey.training.quiet_star import train_quiet_star
from journey.training.rows import sft_rows, tree_rows
from journey.training.settings import PrmSettings, QuietStarSettings, SftSettings
from journey.training.sft import train_sft
from journey.trees.mark import right_leaves
from journey.types import Attempt, Thought, Tree, content_hash

Figures = dict[str, Any]
SFT = SftSettings(epochs=3, batch=16, learning_rate=1e-3)
PRM = PrmSettings(epochs=3, batch=16, learning_rate=1e-3)
QUIET_STAR = QuietStarSettings(epochs=3, batch=16, learning_rate=1e-3)
HINTS = HintSettings()
ROUNDS, ROUND_SAMPLES, RL_SAMPLES = 4, 2, 4
DECIDES = {"problems": ("puzzles", "phase1", "train", "validation", "test"), "trees": ("count",)}
GROWN = ("width", "keep", "depth", "follow_wrong", "temperature", "max_step_tokens")
VOTE = 24  # tokens of a vote for each step that may follow


@dataclass(frozen=True)
class Sizes:
    """How much is asked; the quick form has less."""

    test: int = 300
    n: int = 8
    states: int = 20


QUICK = Sizes(test=6, n=2, states=3)


class Neighbours:
    """All methods over one run; their figures lie in `results`, the process reward models in `folder`."""

    def __init__(self, of: Run, sizes: Sizes, folder: Path, results: Path) -> None:
        self.of, self.sizes, self.folder, self.results = of, sizes, folder, results
        self.calls: dict[int, MemoryCalls] = {}  # two searches that draw the same answers draw them once
        self.recipe: Mapping[str, Any] = of.config["recipe"]
        self.task = str(self.recipe["task"])
        self.test = part(of, "test")[: sizes.test]
        made = [{name: self.recipe[part][name] for name in names} for part, names in DECIDES.items()]
        made.append({name: self.recipe["trees"]["grow"][name] for name in GROWN})
        base = folder_hash(Path(model_path(self.recipe["model"])))
        self.work = f"e13-{self.task}-{content_hash(base, made, asdict(sizes), asdict(QUIET_STAR), asdict(PRM))[:8]}"

    def measure(self, seed: int, names: Iterable[str]) -> None:
        """Measures methods in a seed whose results are not there; one that has nothing to be read from is left out."""
        for name in names:
            file = self.results / f"{self.work}-seed-{seed}-{name.replace(' ', '-')}.json"
            if not file.is_file() and (figures := METHODS[name].measure(self, seed)) is not None:
                self.results.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps({"seed": seed, "method": name} | figures) + "\n", "utf-8")

    def found(self) -> dict[str, dict[int, Figures]]:
        """All results that are there, by method and seed."""
        return by_seed(self.results.glob(f"{self.work}-seed-*.json"), "method")

    def cost(self, seed: int, arm: str) -> Figures:
        """What making an arm's model took: tokens generated for its data, and tokens trained on by all its phases."""
        trained, one = 0, arm
        while one:
            trained += sum(t.tokens or 0 for t in self.of.entries(Training, model=f"seed-{seed}/{one}"))
            one = source_of(one, list(self.recipe["arms"])) or ""
        generated = 0
        if arm != PHASE1:
            generated = sum(node.tokens for tree in self.trees(seed) for node in tree.nodes)
        if arm == "dpo":
            answers = self.of.attempts(model=f"seed-{seed}/journey", decoding="preferences")
            generated += sum(answer.tokens for answer in answers)
        return {"generated": generated, "trained": trained}

    def trees(self, seed: int) -> list[Tree]:
        """The trees that a seed's phase 1 grew."""
        return list(self.of.trees(policy=f"seed-{seed}/{PHASE1}"))

    def phase1(self, seed: int) -> Path:
        return self.of.path / "models" / f"seed-{seed}" / PHASE1

    def place(self, seed: int, name: str) -> Path:
        """Where a model that is trained here lies."""
        return self.folder / f"{self.work}-seed-{seed}-{name}"

    async def answers(self, model: Model, seed: int, decoding: str) -> list[list[Attempt]]:
        """A model's answers to the test problems, drawn as the run's arms are asked."""
        how = self.recipe["evaluation"]
        heat = 0.0 if decoding == "greedy" else how["temperature"]
        rule, grader = Decoding(decoding, heat, how["top_p"], how["max_tokens"]), TaskGrader()
        drawn = (attempt(one, model, grader, ask, rule, split="test", seed=seed) for one in self.test)
        return list(await asyncio.gather(*drawn))

    def both_ways(self, model: Model, seed: int) -> Figures:
        """What a model that is trained here answers, sampled and greedily."""

        async def both() -> tuple[list[list[Attempt]], ...]:
            found = [await self.answers(model, seed, name) for name in ("sampled", "greedy")]
            await close(model)
            return tuple(found)

        return answered(*asyncio.run(both()))

    def drawn(self, seed: int, arm: str, decoding: str) -> list[list[Attempt]] | None:
        """A run's answers to each test problem; null where it has none."""
        by_problem: dict[str, list[Attempt]] = {problem.id: [] for problem in self.test}
        for one in self.of.attempts(model=f"seed-{seed}/{arm}", decoding=decoding, split="test"):
            if one.problem in by_problem:
                by_problem[one.problem].append(one)
        return list(by_problem.values()) if all(by_problem.values()) else None


def arm(name: str, *, greedy_is_main: bool = False) -> Callable[[Neighbours, int], Figures | None]:
    """An arm of the run as it answered, its greedy answers beside the sampled ones."""

    def measure(here: Neighbours, seed: int) -> Figures | None:
        drawn, greedy = (here.drawn(seed, name, rule) for rule in ("sampled", "greedy"))
        if drawn is None or greedy is None:
            return None
        return answered(greedy if greedy_is_main else drawn, greedy) | here.cost(seed, name)

    return measure


def answered(main: Sequence[Sequence[Attempt]], greedy: Sequence[Sequence[Attempt]]) -> Figures:
    tokens = fmean(a.tokens for answers in main for a in answers)
    return {"samples": len(main[0]), "right": rights(main), "greedy": rights(greedy), "answer": tokens}


def star(here: Neighbours, seed: int) -> Figures:
    """STaR from phase 1: right paths of its trees, and rationales with a hint to problems that it solved nowhere."""
    task, policy, train = TASKS[here.task], f"seed-{seed}/{PHASE1}", part(here.of, "train")
    problems = {problem.id: problem for problem in train}
    trees = branched_trees(here.of, train, policy, here.recipe["trees"]["count"])
    trees += [tree for tree in here.trees(seed) if not right_leaves(tree)]
    spent: list[int] = []
    model, common = Local(here.phase1(seed), policy), Common(model=policy, strong=policy, seed=seed, hinting=HINTS)
    metered = MeteredModel(model, spent.append)
    tools = Tools(
        common=common, models=lambda name: metered, grader=TaskGrader(), ask=ask, steps=task.steps,
        narration=task.narration, rules=task.rules,
    )  # fmt: skip

    async def made() -> list[Thought]:
        found = await asyncio.gather(*(make_star(Material(problems[t.problem], t), None, tools) for t in trees))
        await model.close()
        return [thought for one in found for thought in one.thoughts]

    thoughts = asyncio.run(made())
    out = here.place(seed, "star")
    curve = train_sft(here.phase1(seed), sft_rows(thoughts, train, ask), out, replace(SFT, seed=seed))
    cost = here.cost(seed, PHASE1)
    generated = sum(spent) + sum(node.tokens for tree in here.trees(seed) for node in tree.nodes)
    about = {"thoughts": len(thoughts), "hinted": sum(map(is_hinted, thoughts))}
    cost = {"generated": generated, "trained": cost["trained"] + curve[-1]["tokens"]}
    return here.both_ways(Local(out, f"seed-{seed}/star"), seed) | cost | about


def quiet_star(*, thinks: bool) -> Callable[[Neighbours, int], Figures]:
    """Quiet-STaR from phase 1 on the shortcuts, asked with its thoughts or without; thoughts are generated to learn."""

    def measure(here: Neighbours, seed: int) -> Figures:
        settings = replace(QUIET_STAR, seed=seed)
        rows = sft_rows(here.of.thoughts(method="shortcut", seed=seed), here.of.problems(), ask)
        out = here.place(seed, "quiet-star")
        curve = train_quiet_star(here.phase1(seed), rows, out, settings)
        places = [min(settings.places, 1 + str(row["completion"]).count("\n")) for row in rows]
        thoughts = round(settings.epochs * sum(places) * settings.samples * settings.thought)
        trained = curve[-1]["tokens"] * (1 + settings.samples) + thoughts
        cost = here.cost(seed, "shortcut")
        cost = {"generated": cost["generated"] + thoughts, "trained": here.cost(seed, PHASE1)["trained"] + trained}
        name = f"seed-{seed}/quiet_star"
        model = Thoughtful(out, name, "cpu") if thinks else Local(out, name)
        about = {name: curve[-1][name] for name in ("mixing", "thought_gain")}
        return here.both_ways(model, seed) | cost | about

    return measure


def searched(name: str, **settings: Any) -> Callable[[Neighbours, int], Figures]:
    """A search by phase 1's model; one that is judged is by a process reward model trained on the seed's trees."""

    def measure(here: Neighbours, seed: int) -> Figures:
        evaluation, grown = here.recipe["evaluation"], here.recipe["trees"]["grow"]
        kind, method = SEARCHES[name].settings, SEARCHES[name]
        known: Figures = {"n": here.sizes.n, "max_tokens": evaluation["max_tokens"]}
        known |= {"temperature": evaluation["temperature"]}
        if name.startswith("tot_"):
            known = {"max_step_tokens": grown["max_step_tokens"], "depth": grown["depth"]}
            known |= {"vote_tokens": VOTE * grown["depth"], **({"states": here.sizes.states} if "dfs" in name else {})}
        how = kind(**known | {"seed": seed} | settings)
        place, cost = here.phase1(seed), here.cost(seed, PHASE1)
        judge, calls = None, here.calls.setdefault(seed, MemoryCalls())
        if method.judged:
            judge, more = reward_model(here, seed, place)
            cost = {key: value + more[key] for key, value in cost.items()}

        async def search() -> list[Attempt]:
            model = Local(place, f"seed-{seed}/{PHASE1}")
            context = SearchContext(Cached(model, calls), TaskGrader(), ask, TASKS[here.task].steps, judge)
            found = await asyncio.gather(*(method.run(problem, context, how) for problem in here.test))
            await model.close()
            return found

        found = asyncio.run(search())
        return {
            "samples": 1, "right": rights([[one] for one in found]), "settings": asdict(how),
            "answer": fmean(one.spent.model_tokens + one.spent.judge_tokens for one in found), **cost,
        }  # fmt: skip

    return measure


def reward_model(here: Neighbours, seed: int, start: Path) -> tuple[MeteredJudge, Figures]:
    """A step classifier of the verdicts in the seed's trees, charged for what it reads, and what making it took."""
    trees = here.trees(seed)
    rows = tree_rows(trees, part(here.of, "train"), "verdict")
    out = here.place(seed, "prm")
    train_prm(start, rows, out, replace(PRM, seed=seed))
    count = text_counter(out)
    passes = json.loads((out / "training.json").read_text("utf-8"))["passes"]
    read = sum(count("\n".join([str(row["prompt"]), *row["completions"]])) for row in rows)
    judge = MeteredJudge(Classifier(out, "prm", device="cpu"), count)
    generated = sum(node.tokens for tree in trees for node in tree.nodes)
    return judge, {"generated": generated, "trained": round(read * passes)}


def learnt(start: str) -> Callable[[Neighbours, int], Figures | None]:
    """Reinforcement learning from a start, as E5 measured it; every token drawn is trained on once."""

    def measure(here: Neighbours, seed: int) -> Figures | None:
        files = sorted(here.results.glob(f"e5-{here.task}-*-seed-{seed}-rl-{start}.json"))
        if not files:
            return None
        found = json.loads(files[-1].read_text("utf-8"))
        before = here.cost(seed, start) if start != "base" else {"generated": 0, "trained": 0}
        return {
            "samples": RL_SAMPLES, "right": found["right"], "greedy": found["greedy"], "answer": found["tokens"],
            **{name: before[name] + found["generated"] for name in before}, "from": files[-1].name,
        }  # fmt: skip

    return measure


def in_rounds(name: str) -> Callable[[Neighbours, int], Figures | None]:
    """An arm after its last round, as E6 measured it; all rounds are paid for."""

    def measure(here: Neighbours, seed: int) -> Figures | None:
        last = sorted(here.results.glob(f"e6-{here.task}-????????-same-seed-{seed}-{name}-round-{ROUNDS}.json"))
        if not last:
            return None
        work = last[-1].name.partition("-same-")[0]  # round 1 is the base's
        rounds = [f"{'same' if n > 1 else 'base'}-seed-{seed}-{name}-round-{n}" for n in range(1, ROUNDS + 1)]
        found = [json.loads((here.results / f"{work}-{of}.json").read_text("utf-8")) for of in rounds]
        if "right" not in found[-1]:
            return None
        first = here.cost(seed, PHASE1)
        paid = {key: sum(one.get(key) or 0 for one in found) for key in ("generated", "trained")}
        return {
            "samples": ROUND_SAMPLES, "right": found[-1]["right"], "answer": found[-1]["tokens"],
            "generated": paid["generated"], "trained": paid["trained"] + first["trained"], "from": last[-1].name,
        }  # fmt: skip

    return measure


@dataclass(frozen=True)
class Method:
    """How a method is measured, and what it is, in a line."""

    measure: Callable[[Neighbours, int], Figures | None]
    about: str


METHODS = {
    "chain of thought": Method(arm(PHASE1), "one sampled answer of a model that learnt worked solutions (phase 1)"),
    "chain of thought, greedy": Method(arm(PHASE1, greedy_is_main=True), "its most likely answer"),
    "self-consistency": Method(searched("vote"), "the most frequent of its 8 answers"),
    "best of N": Method(searched("best_of_n"), "of its 8 answers the one that a process reward model likes best"),
    "ToT, breadth first": Method(searched("tot_bfs"), "it proposes next steps and votes on them; the best 5 go on"),
    "ToT, depth first": Method(
        searched("tot_dfs"), "the same, the best step first, left where all votes are against it"
    ),
    "STaR": Method(star, "phase 1, then its own right answers, and rationales with a hint where it fails"),
    "Quiet-STaR": Method(quiet_star(thinks=True), "phase 1, then the shortcut with a thought before each line"),
    "Quiet-STaR, no thoughts": Method(quiet_star(thinks=False), "the same model, asked without its thoughts"),
    "pure RL": Method(learnt("base"), "the base learns from the outcome of its own answers alone"),
    "shortcut": Method(arm("shortcut"), "phase 1, then the right paths of its own trees"),
    "journey": Method(arm("journey"), "phase 1, then walks through the same trees, wrong turns and returns included"),
    "journey, greedy": Method(arm("journey", greedy_is_main=True), "its most likely answer"),
    "journey + DPO": Method(arm("dpo"), "then preferences between its own right and wrong answers"),
    "journey + RL": Method(learnt("journey"), "the journey's model, then the outcome of its own answers"),
    "journey + rounds": Method(in_rounds("journey"), "four rounds: each model grows the trees of the next"),
}


def neighbours(options: Namespace) -> Result:
    """Measures what is asked for and shows all that is there."""
    sizes = Sizes() if options.long else QUICK
    names = options.methods or list(METHODS)
    with tempfile.TemporaryDirectory() as folder, Run.read(options.run) as of:
        here = Neighbours(of, sizes, options.work or Path(folder), RESULTS if options.long else Path(folder))
        for seed in options.seeds:
            here.measure(seed, names)
        found = here.found()
    arms: dict[str, Figures] = {}
    for name in [name for name in METHODS if name in found]:
        seeds = list(found[name].values())
        spread = over_seeds([shares(one["right"], one["samples"]) for one in seeds])
        arms[name] = {"seeds": len(seeds), "right": spread.value, "low": spread.low, "high": min(1.0, spread.high),
                      "about": METHODS[name].about,
                      **{of: mean(seeds, of) for of in ("answer", "generated", "trained")}}  # fmt: skip
    columns = ("method", "seeds", "right", "low", "high", "answer", "generated", "trained", "what it is")
    shown = table(f"{here.task}: right, and tokens a problem and of training", columns, [
        (name, a["seeds"], *map(percent, (a["right"], a["low"], a["high"])), a["answer"], a["generated"], a["trained"],
         a["about"]) for name, a in arms.items()
    ])  # fmt: skip
    is_whole = options.long and len(arms) == len(METHODS) and all(a["seeds"] >= 3 for a in arms.values())
    why = "" if is_whole else "the row wants --long, three seeds, and the results of E5 and E6"
    return Result({"work": here.work, "methods": arms}, True if is_whole else None, why, [shown])


if __name__ == "__main__":
    run(
        "E13",
        __doc__,
        neighbours,
        flag("--run", type=Path, default=Path("runs/countdown"), help="a finished run of countdown.yaml or maze.yaml"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2,3"),
        flag("--methods", type=lambda text: [n for n in text.split(";") if n], help="such as 'STaR;best of N'; all"),
        flag("--work", type=Path, help="folder to keep the models in that are trained here"),
    )
