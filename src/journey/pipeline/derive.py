"""Every way to thoughts as a station over a run: from its trees, its problems or people's notes; and refinement.

What a model was asked is remembered and a thought is named by its content: the same command makes what is missing.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from journey.errors import UsageError
from journey.models.base import Model, ModelError
from journey.pipeline.collection import FROM_TREES, Collection, Method
from journey.pipeline.fan_out import Progress, each, silent
from journey.pipeline.registry import Models
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.table import TaskGrader, ask
from journey.thoughts.annotate import Notes, annotate, read_notes
from journey.thoughts.debate import debate
from journey.thoughts.distill import distill, rewrite
from journey.thoughts.draft import Walk, draft
from journey.thoughts.explain import explain
from journey.thoughts.propose import RIGHT, propose
from journey.thoughts.refine import refine
from journey.thoughts.shortcut import straight
from journey.thoughts.traverse import traverse
from journey.trees.mark import path, right_leaves
from journey.types import Problem, Record, Thought, Tree

REFUSED = "refused"


class Methods:
    """The ways to thoughts over one run, by the models and settings of one collection."""

    def __init__(self, run: Run, wanted: Collection, task: Task, models: Models, progress: Progress = silent) -> None:
        self.run, self.wanted, self.task, self.progress = run, wanted, task, progress
        self.telling, self.rules = wanted.telling, task.rules
        self.problems = {p.id: p for p in run.problems()}
        self.models = models
        self.grader = TaskGrader()
        self.refused: Counter[str] = Counter()
        self.unyielding: Counter[str] = Counter()

    @property
    def model(self) -> Model:
        """The model that proposes; loaded by the first method that asks it, since trees are told without one."""
        return self.models.model(self.wanted.model)

    @property
    def strong(self) -> Model:
        """The model that explains, refines and teaches; loaded by the first method that asks it."""
        return self.models.model(self.wanted.helper)

    def close(self) -> None:
        """Gives back what the grader holds."""
        self.grader.close()

    async def make(self, method: Method) -> int:
        """Makes and stores the thoughts of a method; how many units failed. Raises UsageError.

        Why a teacher's answers were not kept, and why problems gave no thought, is counted in the run's log.
        """
        self.refused.clear()
        self.unyielding.clear()
        try:
            return await self._make(method)
        finally:
            counts = {"method": method, "refused": dict(self.refused), "no_thought": dict(self.unyielding)}
            if counts != counts_of(self.run, method):
                self.run.log(REFUSED, counts)

    async def _make(self, method: Method) -> int:
        if method in FROM_TREES:
            return await self._each(method, sorted(self.run.ids("trees")), lambda id: self._told(method, id))
        if method == "annotate":
            notes = {one.problem.id: one for one in read_notes(self.telling.notes or "")}
            self.run.put_all("problems", [one.problem for one in notes.values()], split="train")
            return await self._each(method, list(notes), lambda id: self._expanded(notes[id]))
        asked = sorted(self.run.ids("problems", split="train") - excluded(self.run))
        deed = {"propose": self._proposed, "debate": self._debated, "distill": self._distilled,
                "rewrite": self._rewritten}[method]  # fmt: skip
        return await self._each(method, asked, lambda id: deed(self.problems[id]))

    async def refine(self, methods: Iterable[Method]) -> int:
        """Lets the strong model smooth every draft of these methods that it has not seen; how many units failed."""
        failed = 0
        for method in methods:
            told = list(self.run.thoughts(method=method))
            seen = {(t.problem, t.draft) for t in told if not is_draft(t)}
            left = [t.id for t in told if is_draft(t) and (t.problem, t.draft) not in seen]
            failed += await self._each(method, left, self._refined, "refine")
        return failed

    async def _each(
        self, method: str, ids: Sequence[str], deed: Callable[[str], Awaitable[Sequence[Record]]], verb: str = "derive"
    ) -> int:
        units = dict(zip(ids, ids, strict=True))
        return await each(
            self.run, f"{verb} {method}", units, deed, "thoughts",
            in_flight=self.wanted.in_flight, progress=self.progress,
        )  # fmt: skip

    async def _told(self, method: str, id: str) -> list[Thought]:
        """A tree's right paths alone, or with side trips whose mistakes are explained; none without a right leaf.

        Trees that came with their own thought (`propose`, `debate`) are told by it.
        """
        tree = self.run.tree(id)
        assert tree is not None
        if tells_itself(tree):
            return []
        problem = self._problem(tree.problem)
        leaves = sorted(right_leaves(tree, self.telling.neutral), key=lambda leaf: len(path(tree, leaf)))
        told: list[Thought] = []
        for leaf in leaves[: self.telling.per_tree]:
            if method == "shortcut":
                told.append(draft(tree, problem, straight(tree, leaf), self.task.narration))
                continue
            walk = traverse(tree, leaf, self.telling.traverse, self.wanted.seed)
            told.append(draft(*await self._explained(tree, problem, walk), self.task.narration))
        return told

    async def _explained(self, tree: Tree, problem: Problem, walk: Walk) -> tuple[Tree, Problem, Walk]:
        if not self.telling.explain:
            return tree, problem, walk
        by = {"by": self.strong.name, **asdict(self.telling.explaining)}
        tree = await explain(problem, tree, walk, self.strong, self.telling.explaining)
        return tree, problem, replace(walk, settings={**walk.settings, "explained": by})

    async def _refined(self, id: str) -> list[Thought]:
        thought = self.run.thought(id)
        assert thought is not None
        return [await refine(self._problem(thought.problem), thought, self.strong, self.telling.refining)]

    async def _proposed(self, problem: Problem) -> list[Thought]:
        settings = replace(self.telling.propose, rules=self.rules, seed=self.wanted.seed)
        tree, thought = await propose(problem, self.model, self.grader, self.task.steps, self.task.narration, settings)
        return await self._with_tree(tree, thought)

    async def _debated(self, problem: Problem) -> list[Thought]:
        settings = replace(self.telling.debate, rules=self.rules, seed=self.wanted.seed)
        tree, thought = await debate(
            problem, self.model, self.strong, self.grader, ask, self.task.steps, self.task.narration, settings
        )
        return await self._with_tree(tree, thought)

    async def _with_tree(self, tree: Tree, thought: Thought | None) -> list[Thought]:
        await self.run.put("trees", tree)
        ended = str(tree.settings["made"]["ended"])
        return self._yielded([thought], "told, its thought does not end right" if ended == RIGHT else ended)

    def _yielded(self, thoughts: Iterable[Thought | None], otherwise: str) -> list[Thought]:
        """The thoughts that are there; where none is, the reason is counted."""
        there = [thought for thought in thoughts if thought is not None]
        if not there:
            self.unyielding[otherwise] += 1
        return there

    def _refused_because(self, reason: str) -> None:
        self.refused[reason] += 1

    async def _distilled(self, problem: Problem) -> list[Thought]:
        settings = replace(self.telling.distill, seed=self.wanted.seed)
        told = await distill(problem, self.strong, self.grader, settings, self._refused_because)
        return self._yielded(told, f"no right answer in {settings.samples}")

    async def _rewritten(self, problem: Problem) -> list[Thought]:
        if problem.solution is None:
            raise ModelError("the problem has no worked solution to rewrite")
        settings = replace(self.telling.rewrite, seed=self.wanted.seed)
        thought = await rewrite(problem, self.strong, self.grader, settings, self._refused_because)
        return self._yielded([thought], f"no good rewriting in {settings.tries} tries")

    async def _expanded(self, notes: Notes) -> list[Thought]:
        settings = replace(self.telling.annotate, seed=self.wanted.seed)
        return [await annotate(notes.problem, notes, self.strong, settings)]

    def _problem(self, id: str) -> Problem:
        if id not in self.problems:
            raise UsageError(f"{self.run.path} lacks problem {id} of a tree or thought; import the problems too")
        return self.problems[id]


def counts_of(run: Run, method: str) -> dict[str, Any]:
    """Why answers were not kept and problems gave no thought when a method was last made, each with its number."""
    entries = [entry for entry in run.logged(REFUSED) if entry["method"] == method]
    return {"method": method, "refused": {}, "no_thought": {}, **(entries[-1] if entries else {})}


def tells_itself(tree: Tree) -> bool:
    """Whether the tree was made by a method that tells it, too."""
    return "made" in tree.settings


def settings_of(wanted: Collection, method: Method) -> dict[str, Any]:
    """What decides the thoughts of a method: a run is told by it in one way only."""
    telling, by = wanted.telling, {"strong": wanted.helper}
    match method:
        case "shortcut":
            return {"per_tree": telling.per_tree, "neutral": telling.neutral}
        case "traverse":
            explained = {"explained": by | asdict(telling.explaining)} if telling.explain else {}
            common = {"per_tree": telling.per_tree, "neutral": telling.neutral, "seed": wanted.seed}
            return common | telling.traverse.named() | explained
        case "propose":
            return asdict(telling.propose) | {"model": wanted.model, "seed": wanted.seed}
        case "debate":
            return asdict(telling.debate) | {"model": wanted.model, "seed": wanted.seed} | by
        case "distill":
            return asdict(telling.distill) | {"seed": wanted.seed} | by
        case "rewrite":
            return asdict(telling.rewrite) | {"seed": wanted.seed} | by
        case "annotate":
            return asdict(telling.annotate) | {"seed": wanted.seed} | by


def refining_of(wanted: Collection) -> dict[str, Any]:
    """What decides how drafts are refined."""
    return asdict(wanted.telling.refining) | {"strong": wanted.helper}


def is_draft(thought: Thought) -> bool:
    """Whether nobody has refined the thought, nor tried to and kept the draft."""
    return thought.refined_by is None and thought.note is None


def chosen(thoughts: Iterable[Thought]) -> list[Thought]:
    """Each thought as it is to be trained on: refined where it was refined, in the order they come in."""
    everything = list(thoughts)
    refined: Mapping[tuple[str, str, str], Thought] = {
        (t.problem, t.method, t.draft): t for t in everything if not is_draft(t)
    }
    return [t for t in everything if not is_draft(t) or (t.problem, t.method, t.draft) not in refined]
