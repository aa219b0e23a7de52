"""Thoughts made over a run by the methods of one table: from its trees, its problems or people's notes; and refined.

What a model was asked is remembered and a thought is named by its content: the same call makes only what is missing.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from journey.errors import UsageError
from journey.models.base import Model
from journey.models.estimate import Estimate
from journey.models.weights import TINY, model_path, text_counter
from journey.pipeline.fan_out import Progress, each, silent
from journey.pipeline.shard import shard_of
from journey.prompts.languages import ENGLISH, code
from journey.store.entries import Refusals
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.hints import check_hints
from journey.tasks.table import TaskGrader, ask
from journey.thoughts import tagged
from journey.thoughts.annotate import read_notes
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.draft import chosen, is_draft
from journey.thoughts.methods import METHODS
from journey.thoughts.refine import RefineSettings, refine
from journey.thoughts.translate import TranslateSettings, translate
from journey.types import Problem, Thought, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtSettings:
    """How thoughts are made: what all methods share, each method's own settings by its name, how drafts are refined.

    `language` is the code of the language that all are retold in; null: they stay as they are.
    `notes` is the file of people's notes. `in_flight` units are worked on at once, which changes no result.
    """

    common: Common
    methods: Mapping[str, Any]
    refining: RefineSettings = RefineSettings()
    language: str | None = None
    translating: TranslateSettings = TranslateSettings()
    notes: str | None = None
    in_flight: int = 64

    def identity(self, method: str) -> dict[str, Any]:
        """What decides the thoughts of a method: a run's thoughts by it are all made alike."""
        kind, own = METHODS[method], self.methods.get(method)
        found: dict[str, Any] = {}
        if kind.source == "trees":
            found |= {"per_tree": self.common.per_tree, "neutral": self.common.neutral}
        if own is not None:
            found |= named(own) | {"seed": self.common.seed}
        found |= {name: getattr(self.common, name) for name in kind.asks}
        if kind.unsolved:
            found["hinting"] = None if self.common.hinting is None else asdict(self.common.hinting)
        if kind.explains and self.common.explaining is not None:
            found["explained"] = {"strong": self.common.strong} | asdict(self.common.explaining)
        return found

    def refined_identity(self) -> dict[str, Any]:
        """What decides how drafts are refined."""
        return asdict(self.refining) | {"strong": self.common.strong}

    def translated_identity(self) -> dict[str, Any]:
        """What decides how thoughts are retold in a language."""
        return asdict(self.translating) | {"strong": self.common.strong}

    def estimate(
        self, methods: Sequence[str], refined: Sequence[str], problems: Sequence[Problem], thoughts: Iterable[Thought]
    ) -> list[Estimate]:
        """What methods and refinement ask at most; what is there already is not taken off.

        Of the drafts to refine those among `thoughts` are known; where there are none, one of the greatest length a
        problem is reckoned with.
        """
        found = [
            one
            for method in methods
            for one in METHODS[method].estimate(problems, self.methods.get(method), self.common)
        ]
        there = chosen(thoughts)
        drafts = [thought.draft for thought in there if thought.method in refined]
        longest = "x" * (4 * self.refining.max_tokens)
        drafts = drafts or [longest] * (len(problems) * len(refined))
        strong, refining, translating = self.common.strong, self.refining, self.translating
        found += tagged.estimate("refinement", drafts, strong, refining.tries, refining.max_tokens)
        if self.language is None:
            return found
        own = {problem.id: code(problem.language) or ENGLISH for problem in problems}
        texts = [t.text for t in there if t.method in methods and own.get(t.problem) != self.language]
        if not there:
            longest = "x" * (4 * translating.max_tokens)
            texts = [longest] * (len(methods) * sum(of != self.language for of in own.values()))
        return found + tagged.estimate("translation", texts, strong, translating.tries, translating.max_tokens)


def named(settings: Any) -> dict[str, Any]:
    """A method's settings as they name its thoughts: all of them, or those that the settings say matter."""
    return settings.named() if hasattr(settings, "named") else asdict(settings)


class Derivation:
    """One run, models by name, and how its thoughts are made.

    `seed` and `round` are those of the experiment, if any, `student` the model that its arms start from (null: nobody
    knows).
    """

    def __init__(
        self,
        run: Run,
        settings: ThoughtSettings,
        task: Task,
        models: Callable[[str], Model],
        progress: Progress = silent,
        seed: int | None = None,
        student: str | None = None,
        round: int | None = None,
    ) -> None:
        self.run, self.settings, self.progress, self.seed, self.round = run, settings, progress, seed, round
        self.problems = {p.id: p for p in run.problems()}
        self.refused: Counter[str] = Counter()
        self.without: Counter[str] = Counter()
        self.grader = TaskGrader()
        self.tools = Tools(
            common=settings.common,
            models=models,
            grader=self.grader,
            ask=ask,
            steps=task.steps,
            narration=task.narration,
            rules=task.rules,
            refused=lambda reason: self.refused.update([reason]),
        )
        if student is not None and student != TINY:  # whose tokens are words
            count = cache(lambda: text_counter(model_path(student)))
            self.tools = replace(self.tools, count=lambda text: count()(text))

    async def make_all(
        self,
        methods: Sequence[str],
        refined: Sequence[str],
        trees: Sequence[str] | None = None,
        failed: Sequence[str] = (),
    ) -> None:
        """Makes the thoughts of all methods, of `trees` (null: all of the run); refines drafts of some, retells all.

        Methods that make thoughts of trees without a right leaf are given those of `failed`, too.
        """
        try:
            for method in methods:
                more = failed if METHODS[method].unsolved else ()
                await self.make(method, None if trees is None else [*trees, *more])
            await self.refine(refined)
            await self.translate(methods)
        finally:
            self.grader.close()

    async def make(self, method: str, trees: Iterable[str] | None = None) -> int:
        """Makes and stores the thoughts of a method; how many units failed. Raises UsageError.

        `trees` are the ids of those to work on; null: all trees of the run. Why answers were not kept, and why problems
        gave no thought, is counted in the run.
        """
        self.refused.clear()
        self.without.clear()
        try:
            return await self._make(method, trees)
        finally:
            counts = Refusals(method, dict(self.refused), dict(self.without))
            if counts != counts_of(self.run, method):
                self.run.add(counts)

    async def _make(self, method: str, trees: Iterable[str] | None) -> int:
        match METHODS[method].source:
            case "trees":
                ids = sorted(self.run.ids("trees") if trees is None else trees)
                if METHODS[method].unsolved and self.settings.common.hinting is not None:
                    check_hints(self.problems[self._about(id)] for id in ids)
                return await self._each(method, ids, lambda id: self._of_tree(method, id))
            case "notes":
                read = read_notes(self.settings.notes or "")
                part = shard_of(self.run.config)
                read = [one for one in read if part is None or part.holds(one.problem.id)]
                notes = {one.problem.id: Material(one.problem, notes=one) for one in read}
                self.run.put_all("problems", [one.problem for one in notes.values()], split="train")
                return await self._each(method, list(notes), lambda id: self._of(method, notes[id]))
            case "problems":
                ids = sorted(self.run.ids("problems", split="train") - excluded(self.run))
                return await self._each(method, ids, lambda id: self._of(method, Material(self.problems[id])))

    async def refine(self, methods: Iterable[str]) -> int:
        """Lets the strong model smooth every draft of these methods that it has not seen; how many units failed."""
        failed = 0
        for method in methods:
            found = [t for t in self.run.thoughts(method=method) if t.language is None]
            seen = {(t.problem, t.draft) for t in found if not is_draft(t)}
            left = [t.id for t in found if is_draft(t) and (t.problem, t.draft) not in seen]
            failed += await self._each(method, left, self._refined, "refine")
        return failed

    async def translate(self, methods: Iterable[str]) -> int:
        """Lets the strong model retell the thoughts of these methods in the language wanted; how many units failed."""
        failed, language = 0, self.settings.language
        if language is None:
            return 0
        for method in methods:
            found = list(self.run.thoughts(method=method, seed=self.seed, round=self.round))
            left = [t.id for t in chosen(found, language) if t.language is None and self._is_in_other(t, language)]
            failed += await self._each(method, left, self._translated, f"translate {language}")
        return failed

    async def _each(
        self, method: str, ids: Sequence[str], work: Callable[[str], Awaitable[Sequence[Thought]]], verb: str = "derive"
    ) -> int:
        """Works on trees, thoughts or problems, by their ids."""
        units = dict(zip(ids, ids, strict=True))

        async def of_seed(id: str) -> list[Thought]:
            return [replace(thought, seed=self.seed, round=self.round) for thought in await work(id)]

        return await each(
            self.run, f"{verb} {method}", units, of_seed, "thoughts",
            in_flight=self.settings.in_flight, progress=self.progress, about=lambda id: {"problem": self._about(id)},
        )  # fmt: skip

    def _about(self, id: str) -> str:
        """The problem of a tree or thought, or the problem itself."""
        found = self.run.tree(id) or self.run.thought(id)
        return id if found is None else found.problem

    async def _of_tree(self, method: str, id: str) -> Sequence[Thought]:
        """A tree's thoughts; none without a right leaf, and none of a tree that came with its own thought."""
        tree = self.run.tree(id)
        assert tree is not None
        if has_own_thought(tree):
            return []
        made = await self._made(method, Material(self._problem(tree.problem), tree))
        if made.reason:
            self.without[made.reason] += 1
        return made.thoughts

    async def _of(self, method: str, material: Material) -> Sequence[Thought]:
        """The thoughts of a problem, its tree stored before them; where there are none, the reason is counted."""
        made = await self._made(method, material)
        if made.tree is not None:
            await self.run.put("trees", made.tree)
        if not made.thoughts:
            self.without[made.reason] += 1
        return made.thoughts

    async def _made(self, method: str, material: Material) -> Made:
        tools = replace(self.tools, narration=self.tools.narration.of(code(material.problem.language)))
        return await METHODS[method].make(material, self.settings.methods.get(method), tools)

    async def _refined(self, id: str) -> list[Thought]:
        thought = self.run.thought(id)
        assert thought is not None
        return [await refine(self._problem(thought.problem), thought, self.tools.strong, self.settings.refining)]

    async def _translated(self, id: str) -> list[Thought]:
        thought, language = self.run.thought(id), self.settings.language
        assert thought is not None and language is not None
        problem, settings = self._problem(thought.problem), self.settings.translating
        return [await translate(problem, thought, language, self.tools.strong, settings)]

    def _is_in_other(self, thought: Thought, language: str) -> bool:
        """Whether the thought's problem is in another language than that."""
        return (code(self._problem(thought.problem).language) or ENGLISH) != language

    def _problem(self, id: str) -> Problem:
        if id not in self.problems:
            raise UsageError(f"{self.run.path} lacks problem {id} of a tree or thought; import the problems too")
        return self.problems[id]


def counts_of(run: Run, method: str) -> Refusals:
    """Why answers were not kept and problems gave no thought when a method was last used, each with its number."""
    return next(iter(run.entries(Refusals, method=method)), Refusals(method, {}, {}))


def has_own_thought(tree: Tree) -> bool:
    """Whether the tree was made by a method that makes its thought, too."""
    return "made" in tree.settings
