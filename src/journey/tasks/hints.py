"""Hints to a problem that a policy fails, and whether a text that was written with one still speaks of it.

STaR (Zelikman and others, arXiv 2203.14465) shows the answer and lets the model find a rationale. The answer of a
puzzle stands in its question, so that a hint to it is one step of a right way, in words that the tiny base has read.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from journey import prompts
from journey.errors import ABOVE_0, UsageError, check_settings
from journey.models.base import Prompt
from journey.prompts.languages import code
from journey.tasks.base import Task
from journey.tasks.exploration import HINT, Ground
from journey.tasks.table import task_of
from journey.types import Problem, content_seed

DRAWS = 40  # hints to a puzzle, of which about half name one step only
MEND = "leave hints out (thoughts.hinted: false)"


@dataclass(frozen=True, slots=True)
class HintSettings:
    """How the policy is asked for a rationale of a problem that it failed, in up to `tries` tries.

    Each try at a puzzle has a hint of its own, one step of a right way. `prompt` names the prompt of problems in words.
    """

    tries: int = 4
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 1_024
    prompt: str = "hinted"

    def __post_init__(self) -> None:
        check_settings(self, "thoughts.hinting.", tries=1, temperature=0, top_p=(ABOVE_0, 1), max_tokens=1)
        if prompts.fields_of(prompts.load(self.prompt)) != {"hint", "task"}:
            raise UsageError(
                f"thoughts.hinting.prompt is {self.prompt}, which does not have the fields hint and task alone; take "
                "hinted, or a prompt of your own in its form"
            )


def hint_of(problem: Problem, seed: int) -> str | None:
    """The hint to a problem; null where a puzzle has no solution to hint at.

    Raises UsageError where the hint would be the whole solution, and where the problem's answer is none to hint at.
    """
    task = task_of(problem)
    if task.code_grader is not None or not problem.answer.strip():
        raise UsageError(f"problem {problem.id} has no final answer to hint at; {MEND}")
    if task.ground is None:
        if is_whole_answer(problem, task):
            raise UsageError(
                f"the answer of problem {problem.id} is its whole solution, which is no hint; keep the final answer "
                f"alone as its answer, or {MEND}"
            )
        return f"The right answer is {problem.answer.strip()}"
    ground, random = task.ground(problem), Random(content_seed("hint", problem.id, seed))
    found = [one for _ in range(DRAWS) if (one := ground.hint(random)) is not None]
    if not found:
        return None
    short = next((text for text, lines in found if not reaches_goal(ground, lines)), None)
    if short is None:
        raise UsageError(
            f"any hint to problem {problem.id} is its whole solution, since one step solves it; take larger puzzles, "
            f"or {MEND}"
        )
    return f"{HINT} {short}"


def check_hints(problems: Iterable[Problem]) -> None:
    """Raises UsageError where a hint to any of the problems would be its whole solution, or there is none to give."""
    refused: UsageError | None = None
    for problem in problems:
        try:
            if hint_of(problem, 0) is not None:
                return
        except UsageError as error:
            refused = refused or error
    if refused is not None:
        raise refused


def is_whole_answer(problem: Problem, task: Task) -> bool:
    """Whether the answer is written in several steps, or holds all of a worked solution that says more than it."""
    answer, solution = problem.answer.strip(), " ".join((problem.solution or "").split())
    has_steps = len(task.steps.split(answer)) > 1
    return has_steps or (len(_SENTENCE.findall(solution)) > 1 and solution in " ".join(answer.split()))


def reaches_goal(ground: Ground, lines: Iterable[str]) -> bool:
    """Whether these steps alone lead from the start of a puzzle to its goal."""
    state = ground.start
    for line in lines:
        step = ground.step(state, line)
        if step is None or not step[1]:
            return False
        state = step[0]
    return ground.is_goal(state)


def hinted_prompt(problem: Problem, hint: str, template: str = "hinted") -> Prompt:
    """The task's own prompt with the hint: as documents of the tiny base have it, else by the prompt file."""
    task = task_of(problem)
    own = task.ask(problem, ())
    if task.explore is not None:
        return Prompt(f"{own.text}{hint}\n", own.prefix, own.system, own.images)
    quoted = "\n".join(f"| {line}" for line in hint.splitlines())
    text = prompts.fill_for(code(problem.language), template, hint=quoted, task=own.text)
    return Prompt(text, own.prefix, own.system, own.images)


# --- what survives of a hint ------------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"[.!?。](?=\s|$)")
_UNSEEN = re.compile(r"[*\u00ad\u200b-\u200f\u2060]")  # marks of bold, hyphens and spaces that nobody sees
_ANSWER = r"(?:final |right |correct |true )?(?:answer|solution|result)s?"
_SHOWN = r"(?:given|provided|supplied|revealed|disclosed|known|shown|told)"
_SURVIVES = re.compile(
    r"(?<![a-z])hint(?:s|ed|ing)?(?![a-z])"
    r"|\b(?:by|from|per|using|following|to) the clue\b"
    r"|\bas (?:it |was |is |were )*(?:given|provided|supplied|told)\b(?! in the (?:problem|question|task))"
    rf"|\b{_ANSWER},? (?:that |which |i |we |you )*(?:is |was |were |are |has been |have been |had been )*"
    rf"(?:already |to be |to us |to me )*{_SHOWN}\b(?! by\b)"
    rf"|\b(?:given|provided|supplied|known|expected|reference|target|stated) {_ANSWER}\b"
    rf"|\b(?:told|shown|informed|know|knew|known|knowing|given|stated|said) (?:us |me |you )?(?:already )?(?:that )?"
    rf"(?:the |its |this )?{_ANSWER}\b"
    r"|\b(?:we|i) (?:already )?(?:know|knew|were told|have been told) (?:that )?it (?:is|was|must|should|has to)\b"
    rf"|\b(?:match(?:es|ing|ed)?|(?:consistent|agree(?:s|ing)?) with) the (?:known value|{_ANSWER})\b"
    r"(?! (?:choice|option))"
    rf"|\b{_ANSWER} (?:should|has to) be\b|\bverify that the {_ANSWER} is\b"
    r"|\banswer (?:key|sheet)\b|\bknown beforehand\b|\bquoted (?:lines?|text)\b"
    r"|提示|已知答案|给定的?答案|参考答案|答案已(?:经)?(?:给|知)",
    re.IGNORECASE,
)


def surviving_hint(text: str, question: str = "") -> str | None:
    """The first words in a text that speak of a hint or of an answer that was shown; null where there are none.

    Words that the question itself has, such as "Hint: use symmetry", are no trace of one.
    """
    allowed = " ".join(question.split()).casefold()
    plain = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)).split())
    found = (match[0] for match in _SURVIVES.finditer(plain))
    return next((words for words in found if words.casefold() not in allowed), None)


def first_sentence(text: str) -> str:
    """The text up to the end of its first sentence."""
    return _SENTENCE.split(text, maxsplit=1)[0]
