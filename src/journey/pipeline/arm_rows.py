"""What arms are trained on: worked solutions, thoughts, thoughts matched by tokens, preferences between answers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

from journey.data.problems import in_language, part
from journey.errors import UsageError, check_settings
from journey.evals.attempts import Decoding
from journey.models.base import Model, close
from journey.models.weights import AUTO, local, reader_of, token_counter
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.fan_out import Progress, silent
from journey.prompts.languages import code
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.table import ask
from journey.thoughts.draft import chosen
from journey.thoughts.methods import EXPLORING, STRAIGHT
from journey.training.pairs import (
    A_PROBLEM,
    EXPLORATION,
    MARGIN,
    OUTCOME,
    check_kinds,
    dpo_rows,
    exploration_rows,
    readable,
    step_rows,
)
from journey.training.rows import Row, match_tokens, rl_rows, sft_rows
from journey.training.settings import DpoSettings
from journey.types import ModelRef, Node, Problem, Thought, Tree, content_seed

ROUND_APART = 1_000_000  # between the seeds of the trees of two rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceSettings:
    """Preference pairs (report: 20 answers a problem, 5 pairs), and the training on them.

    `kinds` of pairs (`training.pairs.KINDS`) with how many of each there may be, null: all. `pairs` of a kind at most
    come from each of the first `problems` training problems: for whole answers ("outcome") `samples` are drawn from the
    model that is trained on, and `cut_off` says what those are that were cut off at the length limit: "wrong" ones, or
    none ("skip"); the other kinds come from the trees, "value" from siblings that differ by `margin`.
    """

    kinds: Mapping[str, int | None] = field(default_factory=lambda: {OUTCOME: None})
    problems: int = 300
    samples: int = 20
    pairs: int = A_PROBLEM
    margin: float = MARGIN
    cut_off: Literal["skip", "wrong"] = "skip"
    temperature: float = 0.7
    top_p: float = 0.95
    training: DpoSettings = DpoSettings()

    def __post_init__(self) -> None:
        """Refuses what gives no pairs (UsageError)."""
        check_settings(self, "arms.dpo.", problems=1, samples=2, pairs=1, temperature=0)
        check_kinds(self.kinds)

    def pairs_at_most(self, problems: int) -> int:
        """How many pairs so many training problems come to at most."""
        each = self.pairs * min(self.problems, problems)
        return sum(each if count is None else min(each, count) for count in self.kinds.values())

    def answers_at_most(self, problems: int) -> int:
        """How many answers are drawn from the model at most."""
        return self.samples * min(self.problems, problems) * (OUTCOME in self.kinds)


def model_name(seed: int, arm: str, number: int | None = None) -> str:
    """What the model that a seed trains for an arm in the round of that number (null: the first) is called."""
    return f"seed-{seed}/{arm}" if number in (None, 1) else f"seed-{seed}/round-{number}/{arm}"


def tree_seed(seed: int, number: int) -> int:
    """The seed of the trees that a seed has in a round, another one in each: one model may grow those of several."""
    return seed + ROUND_APART * (number - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRun:
    """One seed of an experiment over a run, in one of its rounds; `round` null: there is only one.

    `owner` is the seed of its thoughts, null: those without one.

    `policy` is the model that grew its trees, null: another than the seed's own. `practice` rows of it are taught in
    phase 1. `evaluate` lets a model answer problems (`stages.evaluate`). `language`: what its thoughts are
    retold in and its arms are asked in; null: as they are.
    """

    run: Run
    seed: int
    round: int | None = None
    task: Task
    evaluate: Callable[..., Awaitable[int]]
    evaluation: Evaluation = Evaluation()
    owner: int | None = None
    policy: str | None = None
    practice: int = 0
    language: str | None = None
    in_flight: int = 256
    progress: Progress = field(default=silent)
    dtype: str = AUTO

    def name(self, arm: str) -> str:
        """What the arm's model is called."""
        return model_name(self.seed, arm, self.round)

    def ref(self, arm: str) -> ModelRef:
        """The arm's model."""
        return ModelRef(self.name(arm), self.seed, self.round, arm)

    def weights(self, arm: str) -> Path:
        """The folder of the arm's model."""
        return self.run.path / "models" / self.name(arm)

    @property
    def number(self) -> int:
        """The number of the round."""
        return self.round or 1

    @property
    def first(self) -> "SeedRun":
        """The seed in its first round."""
        return replace(self, round=None if self.round is None else 1)

    @property
    def tree_seed(self) -> int:
        """The seed of the trees of its round."""
        return tree_seed(self.seed, self.number)

    async def ask(self, model: Model, decoding: Decoding, problems: Sequence[Problem], split: str) -> None:
        """Lets a model answer what it has not answered yet."""
        problems = in_language(problems, self.language)
        await self.evaluate(
            self.run, problems, model, decoding, split=split, seed=self.seed,
            in_flight=self.in_flight, progress=self.progress,
        )  # fmt: skip


async def of_solutions(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
    """The worked solutions of phase 1's problems, and practice where the recipe wants some."""
    return [*solution_rows(part(of.run, "phase1"), of.task), *practice_rows(of.task, of.practice)]


def solution_rows(problems: Iterable[Problem], task: Task) -> list[Row]:
    """Rows of the problems' worked solutions, each closed in the task's narration."""
    rows: list[Row] = []
    for problem in problems:
        if problem.solution is not None:
            narration = task.narration.of(code(problem.language))
            last = narration.close(problem, Node(-1, "", answer=problem.answer))
            text = narration.separator.join(filter(None, (problem.solution, last)))
            rows.append({"prompt": ask(problem, ()).text, "completion": text})
    return rows


def practice_rows(task: Task, count: int) -> list[Row]:
    """`count` rows of the task's practice. Raises UsageError where it has none."""
    if count and task.practice is None:
        raise UsageError(f"the task {task.name} has no practice for a student; leave problems.practice out")
    drawn = [task.practice(Random(content_seed("practice", task.name, i))) for i in range(count) if task.practice]
    return [{"prompt": prompt, "completion": text} for prompt, text in drawn]


def of_thoughts(method: str) -> Callable[[SeedRun, Any, str, str | Path], Awaitable[list[Row]]]:
    """The thoughts of one method."""

    async def rows(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
        if found := seed_rows(of, method):
            return found
        raise UsageError(f"no thought by {method} is there to train on; see journey status {of.run.path}")

    return rows


def seed_rows(of: SeedRun, method: str) -> list[Row]:
    """The rows of one method's thoughts in the seed's round."""
    return sft_rows(kept_thoughts(of, method)[of.number], of.run.problems(), ask)


def kept_thoughts(of: SeedRun, method: str) -> dict[int, list[Thought]]:
    """A method's thoughts of the seed that are trained on, by their rounds up to this one; a round may have none."""
    out = excluded(of.run)
    kept = chosen((t for t in of.run.thoughts(method=method, seed=of.owner) if t.problem not in out), of.language)
    return {n: [t for t in kept if (t.round or 1) == n] for n in range(1, of.number + 1)}


def thought_rows(run: Run, method: str, language: str | None = None) -> list[Row]:
    """The rows of one method's thoughts, refined where they were refined, less the problems taken out of training.

    `language`: as they were retold in it.
    """
    out = excluded(run)
    kept = (t for t in run.thoughts(method=method) if t.problem not in out)
    return sft_rows(chosen(kept, language), run.problems(), ask)


def matched(method: str, to: str) -> Callable[[SeedRun, Any, str, str | Path], Awaitable[list[Row]]]:
    """The thoughts of one method, as often as it takes to train on as many tokens as another's have."""

    async def rows(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
        count = token_counter(weights)
        target = sum(map(count, seed_rows(of, to)))
        return match_tokens(seed_rows(of, method), count, target, seed=of.seed)

    return rows


async def of_problems(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
    """The problems that reinforcement learning draws answers to, and those that it is checked on."""
    return rl_problem_rows(of.run, of.language)


def rl_problem_rows(run: Run, language: str | None = None) -> list[Row]:
    """A run's problems for reinforcement learning, those of `train` where it has no others, less those taken out.

    `language`: what they are asked in; null: each in its own.
    """
    out = excluded(run)
    kept = [problem for problem in part(run, "rl") or part(run, "train") if problem.id not in out]
    validation = in_language(part(run, "validation"), language)
    return rl_rows(in_language(kept, language), validation) if kept else []


async def of_preferences(of: SeedRun, settings: PreferenceSettings, source: str, weights: str | Path) -> list[Row]:
    """Preference pairs of every kind wanted, of answers to training problems and of their trees; may be empty."""
    if OUTCOME in settings.kinds:
        rule = Decoding("preferences", settings.temperature, settings.top_p, of.evaluation.max_tokens, settings.samples)
        model = local(weights, source, of.dtype)
        await of.ask(model, rule, part(of.run, "train")[: settings.problems], "train")
        await close(model)
    return preference_rows(of, settings, source, weights)


def preference_rows(of: SeedRun, settings: PreferenceSettings, source: str, weights: str | Path) -> list[Row]:
    """The same of the answers that the run holds already."""
    problems = part(of.run, "train")[: settings.problems]
    rows: list[Row] = []
    for kind, count in settings.kinds.items():
        if kind == OUTCOME:
            answers = of.run.attempts(model=source, decoding="preferences", split="train")
            rows += dpo_rows(
                answers, in_language(problems, of.language), ask, pairs=settings.pairs, samples=settings.samples,
                seed=of.seed, count=count, cut_off_is_wrong=settings.cut_off == "wrong",
            )  # fmt: skip
        elif kind == EXPLORATION:
            rows += thought_pairs(
                of.run, pairs=settings.pairs, draw=of.seed, count=count, language=of.language, seed=of.owner,
                round=of.round,
            )  # fmt: skip
        else:
            found = step_rows(
                kind, seed_trees(of, problems), problems, count=count, pairs=settings.pairs, margin=settings.margin,
                seed=of.seed,
            )  # fmt: skip
            rows += readable(found, reader_of(weights))
    return rows


async def of_exploration(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
    """Long thoughts over thoughts without exploration of the same problems; may be empty."""
    return thought_pairs(of.run, draw=of.seed, language=of.language, seed=of.owner, round=of.round)


def thought_pairs(
    run: Run, *, pairs: int = A_PROBLEM, draw: int = 0, messages: bool = False, count: int | None = None,
    language: str | None = None, **where: int | None,
) -> list[Row]:  # fmt: skip
    """Preference pairs of a run's thoughts (`training.pairs.exploration_rows`), drawn by the seed `draw`."""
    out = excluded(run)
    long, straight = (
        chosen(
            (t for method in methods for t in run.thoughts(method=method, **where) if t.problem not in out), language
        )
        for methods in (EXPLORING, STRAIGHT)
    )
    problems = in_language(run.problems(), language)
    return exploration_rows(
        long, straight, problems, ask, pairs=pairs, seed=draw, messages=messages, count=count
    )  # fmt: skip


def is_later(tree: Tree, of: SeedRun) -> bool:
    """Whether a tree was grown in a later round than the first."""
    seed = tree.settings.get("seed", 0)
    return seed > of.seed and (seed - of.seed) % ROUND_APART == 0


def seed_trees(of: SeedRun, problems: Iterable[Problem]) -> list[Tree]:
    """The trees of the seed's first round, of some problems."""
    where = {} if of.policy is None else {"policy": of.policy}
    names = {problem.id for problem in problems}
    return [tree for tree in of.run.trees(**where) if tree.problem in names and not is_later(tree, of.first)]
