"""Process reward models as judges: a score for every step by a classifier, in the forms that people publish.

Math-Shepherd (Wang et al. 2024), Qwen2.5-Math-PRM (Zhang et al. 2025), ReasonEval (Xia et al. 2024), RLHFlow's chat
form, Skywork's, and our own (`training.prm`); see `classifier_forms`.
"""

import asyncio
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from journey.errors import UsageError
from journey.judges.classifier_engine import Counts, Engine
from journey.judges.classifier_forms import FORMS, Laid
from journey.judges.classifier_load import load
from journey.judges.classifier_settings import ClassifierSettings
from journey.judges.classifier_spelling import Unreadable
from journey.models.base import ModelError, Prompt, refuse_images
from journey.types import Judgement, Problem, Verdict

DIGITS = 6  # of a score: float32 holds no more, and the last of them may depend on what else was in the batch
NEAR = 1e-5  # above a threshold by less: no verdict, since another batch, which differs by some 1e-7, may say the other


@dataclass(slots=True, eq=False)
class _Request:
    key: str
    laid: Sequence[Laid]
    future: "asyncio.Future[list[list[tuple[float, ...]]]]"


class Classifier:
    """A Judge that runs a process reward model here. Its name is "prm:NAME".

    The score of two classes is the probability of the good one, of three that of neutral and good together. What all
    coroutines ask is gathered and computed together, on one thread; siblings share their prefix. What cannot be said
    is null with a reason: a solution that is too long, text outside the vocabulary, a score that is no number; and the
    verdict of a score that is less than `NEAR` above a threshold, for it would hang on what else was computed then.
    `counts` says what was computed. Raises ModelError where the memory does not suffice.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        settings: ClassifierSettings | None = None,
        device: str | None = None,
    ) -> None:
        self.name = name or f"prm:hf/{path}"
        settings = self.settings = settings or ClassifierSettings()
        made = load(path, settings.form, settings.tag, device, settings.dtype)
        self.form = made.form
        self._spelling = made.spelling
        self._limit = min((n for n in (made.limit, settings.max_tokens) if n is not None), default=None)
        kind = "sigmoid" if FORMS[made.form].head == "sigmoid" else "softmax"
        self._engine = Engine(made.backbone, made.head, kind, settings.share)
        self._waiting: list[_Request] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journey-prm")

    @property
    def counts(self) -> Counts:
        return self._engine.counts

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate; equal candidates are judged once."""
        refuse_images(Prompt(problem.question, images=problem.images), self.name)
        different = list(dict.fromkeys(candidates))
        laid = [self._lay(problem, [*prefix, candidate]) for candidate in different]
        last = [one if isinstance(one, str) else Laid(one.ids, one.ends[-1:]) for one in laid]
        found = await self._score(problem, [one for one in last if isinstance(one, Laid)])
        scores = iter(found)
        judgements = [self._unsaid(one) if isinstance(one, str) else self._judgement(next(scores)[0]) for one in last]
        by_text = dict(zip(different, judgements, strict=True))
        return [by_text[candidate] for candidate in candidates]

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """One judgement per step, from one reading of the whole solution."""
        refuse_images(Prompt(problem.question, images=problem.images), self.name)
        if not steps:
            return []
        laid = self._lay(problem, steps)
        if isinstance(laid, str):  # a step that cannot be read leaves those before it as they are
            judgements = [await self.judge(problem, steps[:i], [step]) for i, step in enumerate(steps)]
            return [one for (one,) in judgements]
        (found,) = await self._score(problem, [laid])
        return [self._judgement(classes) for classes in found]

    async def probabilities(self, problem: Problem, steps: Sequence[str]) -> list[tuple[float, ...]]:
        """The class probabilities of every step, worst class first. Raises UsageError for what cannot be read."""
        laid = self._lay(problem, steps)
        if isinstance(laid, str):
            raise UsageError(laid)
        (found,) = await self._score(problem, [laid])
        return found

    async def close(self) -> None:
        """Wait for the thread."""
        await asyncio.to_thread(self._thread.shutdown)

    def _lay(self, problem: Problem, steps: Sequence[str]) -> Laid | str:
        """The solution as tokens, or why it cannot be read."""
        try:
            laid = FORMS[self.form].lay(self._spelling, problem.question, steps)
        except Unreadable as error:
            return str(error)
        if self._limit is not None and len(laid.ids) > self._limit:
            return f"the solution has {len(laid.ids)} tokens and the judge reads at most {self._limit}"
        return laid

    async def _score(self, problem: Problem, laid: Sequence[Laid]) -> list[list[tuple[float, ...]]]:
        if not laid:
            return []
        loop = asyncio.get_running_loop()
        request = _Request(problem.id, laid, loop.create_future())
        self._waiting.append(request)
        if len(self._waiting) == 1:
            # After the other coroutines that are ready now have asked as well: one batch instead of many.
            loop.call_soon(self._start, loop)
        return await request.future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        requests, self._waiting = self._waiting, []
        work = loop.run_in_executor(self._thread, self._work, requests)
        work.add_done_callback(lambda done: self._give(requests, done))

    def _work(self, requests: Sequence[_Request]) -> list[list[tuple[float, ...]]]:
        try:
            return self._engine.probabilities([(one.key, laid) for one in requests for laid in one.laid])
        except torch.OutOfMemoryError:
            raise ModelError(
                f"{self.name} ran out of memory; judge shorter solutions, as with max_tokens=2048"
            ) from None

    def _give(self, requests: Sequence[_Request], done: "asyncio.Future[list[list[tuple[float, ...]]]]") -> None:
        error = done.exception()
        found = iter([] if error is not None else done.result())
        for one in requests:
            mine = [] if error is not None else [next(found) for _ in one.laid]
            if not one.future.done():
                one.future.set_result(mine) if error is None else one.future.set_exception(error)

    def _judgement(self, classes: Sequence[float]) -> Judgement:
        if not all(map(math.isfinite, classes)):
            return self._unsaid("the classifier's score is no number")
        settings = self.settings
        score = round(min(1.0, sum(classes[1:]) if len(classes) > 1 else classes[0]), DIGITS)
        neutral = round(classes[1], DIGITS) if len(classes) == 3 else 0.0
        compared = [(score, settings.wrong), (score, settings.right)]
        if score > settings.right:
            compared.append((neutral, settings.redundant))
        near = next((edge for value, edge in compared if edge > 0 and 0 < round(value - edge, DIGITS) < NEAR), None)
        if near is not None:
            return Judgement(None, score, f"the score is no more than rounding above the threshold {near:g}", self.name)
        verdict: Verdict = "neutral"
        if score <= settings.wrong:
            verdict = "wrong"
        elif score > settings.right and neutral <= settings.redundant:
            verdict = "right"
        return Judgement(verdict, score, None, self.name)

    def _unsaid(self, reason: str) -> Judgement:
        return Judgement(None, None, reason, self.name)
