"""E13: the neighbours of journey learning, measured: accuracy against all tokens, of training and of answering.

From a finished run of recipes/neighbours.yaml (or neighbours_maze.yaml; `--run`) come phase 1, the shortcut, the
journey, DPO, STaR and Quiet-STaR; searches by phase 1's model (self-consistency, best of N by a process reward model
that is trained on the same trees, Tree of Thoughts) are measured here; reinforcement learning and rounds come from the
results of E5 and E6. Every model starts from the same base, every judge of training is the task's exact one, and the
checker takes no part in a search. ToT draws and votes at the paper's 0.7, everything else at the recipe's temperature.

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

from bench import Result, flag, percent, run, table
from rl_runs import RESULTS, mean, shares

from journey.data.problems import part
from journey.judges.classifier import Classifier
from journey.metrics.accuracy import over_seeds
from journey.models.local import Local
from journey.models.weights import folder_hash, model_path, text_counter
from journey.pipeline.arms import PHASE1, source_of
from journey.pipeline.evaluation_settings import THOUGHTFUL
from journey.search.candidate import SearchContext
from journey.search.cost import MeteredJudge
from journey.search.methods import SEARCHES
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.table import TASKS, TaskGrader, ask
from journey.training.prm import train_prm
from journey.training.rows import tree_rows
from journey.training.settings import PrmSettings
from journey.types import Attempt, content_hash

Figures = dict[str, Any]
PRM = PrmSettings(epochs=3, batch=16, learning_rate=1e-3)
ROUNDS, ROUND_SAMPLES, RL_SAMPLES = 4, 4, 4
VOTE = 24  # tokens of a vote for each step that may follow


@dataclass(frozen=True)
class Sizes:
    """How much is asked; the quick form has less."""

    test: int = 300
    n: int = 16
    states: int = 20


QUICK = Sizes(test=6, n=2, states=3)


class Neighbours:
    """All methods over one run; their figures lie in `results`, the process reward models in `folder`."""

    def __init__(self, of: Run, sizes: Sizes, folder: Path, results: Path) -> None:
        self.of, self.sizes, self.folder, self.results = of, sizes, folder, results
        self.recipe: Mapping[str, Any] = of.config["recipe"]
        self.task = str(self.recipe["task"])
        self.test = part(of, "test")[: sizes.test]
        made = {name: self.recipe[name] for name in ("problems", "trees", "thoughts")}
        base = folder_hash(Path(model_path(self.recipe["model"])))
        self.work = f"e13-{self.task}-{content_hash(base, made, asdict(sizes), asdict(PRM))[:8]}"

    def measure(self, seed: int, names: Iterable[str]) -> None:
        """Measures methods in a seed whose results are not there; one that has nothing to be read from is left out."""
        for name in names:
            file = self.results / f"{self.work}-seed-{seed}-{name.replace(' ', '-')}.json"
            if not file.is_file() and (figures := METHODS[name].measure(self, seed)) is not None:
                self.results.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps({"seed": seed, "method": name} | figures) + "\n", "utf-8")

    def found(self) -> dict[str, dict[int, Figures]]:
        """All results that are there, by method and seed."""
        found: dict[str, dict[int, Figures]] = {}
        for file in sorted(self.results.glob(f"{self.work}-seed-*.json")):
            figures = json.loads(file.read_text("utf-8"))
            found.setdefault(figures["method"], {})[figures["seed"]] = figures
        return found

    def cost(self, seed: int, arm: str) -> Figures:
        """What making an arm's model took: tokens generated for its data, and tokens trained on by all its phases."""
        trained, one = 0, arm
        while one:
            trained += sum(t.tokens or 0 for t in self.of.entries(Training, model=f"seed-{seed}/{one}"))
            one = source_of(one, list(self.recipe["arms"])) or ""
        generated = 0
        if arm != PHASE1:
            policy = f"seed-{seed}/{PHASE1}"
            trees = sum(node.tokens for tree in self.of.trees(policy=policy) for node in tree.nodes)
            generated = trees + (self.hinted() if arm == "star" else 0)
        if arm == "dpo":
            answers = self.of.attempts(model=f"seed-{seed}/journey", decoding="preferences")
            generated += sum(answer.tokens for answer in answers)
        return {"generated": generated, "trained": trained}

    def hinted(self) -> int:
        """The tokens of a seed's hinted rationales, on average: what the run remembers of calls, less its trees."""
        called = sum(one["tokens"] for row in self.of.rows("calls") for one in json.loads(str(row[1])))
        trees = sum(node.tokens for tree in self.of.trees() for node in tree.nodes)
        return (called - trees) // int(self.recipe["seeds"])

    def drawn(self, seed: int, arm: str, decoding: str) -> list[list[Attempt]] | None:
        """A run's answers to each test problem; null where it has none."""
        by_problem: dict[str, list[Attempt]] = {problem.id: [] for problem in self.test}
        for one in self.of.attempts(model=f"seed-{seed}/{arm}", decoding=decoding, split="test"):
            if one.problem in by_problem:
                by_problem[one.problem].append(one)
        return list(by_problem.values()) if all(by_problem.values()) else None


def arm(name: str, suffix: str = "", *, greedy_is_main: bool = False) -> Callable[[Neighbours, int], Figures | None]:
    """An arm of the run as it answered, its greedy answers beside the sampled ones."""

    def measure(here: Neighbours, seed: int) -> Figures | None:
        drawn, greedy = (here.drawn(seed, name, f"{rule}{suffix}") for rule in ("sampled", "greedy"))
        if drawn is None or greedy is None:
            return None
        main = greedy if greedy_is_main else drawn
        return {
            "samples": len(main[0]), "right": rights(main), "greedy": rights(greedy),
            "answer": fmean(a.tokens for answers in main for a in answers), **here.cost(seed, name),
        }  # fmt: skip

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
        place, cost = here.of.path / "models" / f"seed-{seed}" / PHASE1, here.cost(seed, PHASE1)
        judge = None
        if method.judged:
            judge, more = reward_model(here, seed, place)
            cost = {key: value + more[key] for key, value in cost.items()}

        async def search() -> list[Attempt]:
            model = Local(place, f"seed-{seed}/{PHASE1}")
            context = SearchContext(model, TaskGrader(), ask, TASKS[here.task].steps, judge)
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
    trees = list(here.of.trees(policy=f"seed-{seed}/{PHASE1}"))
    rows = tree_rows(trees, part(here.of, "train"), "verdict")
    out = here.folder / f"{here.work}-seed-{seed}-prm"
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
        files = sorted(here.results.glob(f"e6-{here.task}-*-same-seed-{seed}-{name}-round-{ROUNDS}.json"))
        if not files:
            return None
        rounds = [
            files[-1].with_name(files[-1].name.replace(f"round-{ROUNDS}", f"round-{r + 1}")) for r in range(ROUNDS)
        ]
        found = [json.loads(file.read_text("utf-8")) for file in rounds if file.is_file()]
        if "right" not in found[-1]:
            return None
        first = here.cost(seed, PHASE1)
        paid = {key: sum(one.get(key) or 0 for one in found) for key in ("generated", "trained")}
        return {
            "samples": ROUND_SAMPLES, "right": found[-1]["right"], "answer": found[-1]["tokens"],
            "generated": paid["generated"], "trained": paid["trained"] + first["trained"], "from": files[-1].name,
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
    "self-consistency": Method(searched("vote"), "the most frequent of its 16 answers"),
    "best of N": Method(searched("best_of_n"), "of its 16 answers the one that a process reward model likes best"),
    "ToT, breadth first": Method(searched("tot_bfs"), "it proposes next steps and votes on them; the best 5 go on"),
    "ToT, depth first": Method(
        searched("tot_dfs"), "the same, the best step first, left where all votes are against it"
    ),
    "STaR": Method(arm("star"), "phase 1, then its own right answers, and rationales with a hint where it fails"),
    "Quiet-STaR": Method(arm("quiet_star", THOUGHTFUL), "phase 1, then the shortcut with a thought before each line"),
    "Quiet-STaR, no thoughts": Method(arm("quiet_star"), "the same model, asked without its thoughts"),
    "pure RL": Method(learnt("base"), "the base learns from the outcome of its own answers alone"),
    "shortcut": Method(arm("shortcut"), "phase 1, then the right paths of its own trees"),
    "journey": Method(arm("journey"), "phase 1, then walks through the same trees, wrong turns and returns included"),
    "journey, greedy": Method(arm("journey", greedy_is_main=True), "its most likely answer"),
    "journey + DPO": Method(arm("dpo"), "then preferences between its own right and wrong answers"),
    "journey + RL": Method(learnt("journey"), "the journey's model, then the outcome of its own answers"),
    "journey + rounds": Method(in_rounds("journey"), "four rounds: each model grows the trees of the next"),
}


def rights(answers: Sequence[Sequence[Attempt]]) -> str:
    """How many of each problem's answers are right, a digit a problem."""
    return "".join(str(sum(one.correct is True for one in drawn)) for drawn in answers)


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
        arms[name] = {"seeds": len(seeds), "right": spread.value, "low": spread.low, "high": spread.high,
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
        flag("--run", type=Path, default=Path("runs/neighbours"), help="a finished run of recipes/neighbours.yaml"),
        flag("--seeds", type=lambda text: [int(n) for n in text.split(",") if n], default=[1], help="such as 1,2,3"),
        flag("--methods", type=lambda text: [n for n in text.split(";") if n], help="such as 'STaR;best of N'; all"),
        flag("--work", type=Path, help="folder to keep the process reward models in"),
    )
