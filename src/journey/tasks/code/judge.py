"""The judge "exact" of programs: the share of the tests' assertions that a whole attempt passes."""

from collections.abc import Sequence

from journey.models.gather import gather_or_cancel
from journey.tasks.code.grader import CodeGrader
from journey.types import Judgement, Problem


class CodeJudge:
    """Judges attempts, each a whole program; what was tried before plays no part. Runs them, in a sandbox.

    The score is the share of the assertions that hold. The verdict is right only where all do, null where nothing could
    be run, else wrong with the first failing assertion as its reason.
    """

    def __init__(self, grader: CodeGrader) -> None:
        self._grader = grader

    async def __call__(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement a candidate."""
        return list(await gather_or_cancel(self._judged(problem, text) for text in candidates))

    async def _judged(self, problem: Problem, text: str) -> Judgement:
        _, found = await self._grader.tested(problem, text)
        if found is None:
            return Judgement("wrong", 0.0, "there is no program in it")
        if found.correct is None:
            return Judgement(None, None, found.error)
        evidence = f"{found.passed} of {found.cases} assertions hold"
        return Judgement("right" if found.correct else "wrong", found.share, found.reason, evidence=evidence)
