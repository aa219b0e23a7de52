"""Long thoughts by distillation: ask a stronger model, keep what the checker accepts; and given solutions made long.

O1 Replication Journey part 2, the section on distillation: the teacher's thoughts are what the student is trained on
last; first it is trained on given solutions that were rewritten to long, detailed steps ending in a box.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from journey import prompts
from journey.answers.find import find_answer
from journey.answers.grade import Grader
from journey.answers.thinking import split_thinking
from journey.errors import check_settings
from journey.models.base import Completion, Model, ModelError, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.end_marks import without_end_marks
from journey.models.estimate import Estimate, question_tokens, tokens_of
from journey.prompts.languages import code
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.numbers import numbers
from journey.thoughts.paragraphs import kind, paragraphs
from journey.thoughts.trail import quoted
from journey.types import Problem, Segment, Thought, content_hash, content_seed

OnRefusal = Callable[[str], None]
END_MARK = "kept without the end mark behind it"


def nobody(reason: str) -> None:
    """Whoever wants to count the refusals gives another function."""


@dataclass(frozen=True, slots=True)
class DistillSettings:
    """How a teacher is asked, and which of its right answers are kept.

    `samples` answers are drawn and at most `keep` of the right ones kept, by `choose`: the "shortest", the "first" or
    the "longest". `thinking` false leaves out what the teacher thought, apart from its answer or between marks, and
    keeps the answer alone. `prompt` names the prompt.
    """

    samples: int = 4
    keep: int = 1
    choose: Literal["shortest", "first", "longest"] = "shortest"
    thinking: bool = True
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 16_384
    prompt: str = "distill"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "distill.", samples=1, keep=1, max_tokens=1)


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """How a given solution is made long, and what a rewriting must keep.

    In up to `tries` tries. `survival` is the least share of the given solution's numbers that must stand in the
    rewriting, in the same order; `longer` how many times as long as the given solution it must be, in characters.
    """

    tries: int = 3
    survival: float = 0.9
    longer: float = 1.0
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 4_096
    prompt: str = "rewrite"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "rewrite.", tries=1, max_tokens=1, survival=(0, 1), longer=0)


class Taught(NamedTuple):
    """A right answer: its thought and its answer as one text, and the final answer in it."""

    text: str
    answer: str


async def distill(
    problem: Problem, teacher: Model, grader: Grader, settings: DistillSettings, on_refusal: OnRefusal = nobody
) -> list[Thought]:
    """The kept right answers of the teacher as thoughts, in the order chosen; an empty list where none was right.

    `on_refusal` hears why each other answer was not kept: "cut off", "wrong answer", "no answer", ..., and END_MARK for
    each that carried one. Raises ModelError.
    """
    seed = content_seed("distill", settings.seed, problem.id)
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, n=settings.samples, seed=seed)
    text = prompts.fill_for(code(problem.language), settings.prompt, question=problem.question)
    prompt = Prompt(text, images=problem.images)
    right: dict[str, Taught] = {}
    for completion in await teacher.complete(prompt, sampling):
        if without_end_marks(completion.text)[1]:
            on_refusal(END_MARK)
        taught = await check(problem, completion, grader, settings.thinking)
        if isinstance(taught, str):
            on_refusal(taught)
        elif (key := " ".join(taught.text.split())) in right:
            on_refusal("same as another")
        else:
            right[key] = taught
    chosen = list(right.values())
    if settings.choose != "first":
        chosen.sort(key=lambda taught: len(taught.text), reverse=settings.choose == "longest")
    for _ in chosen[settings.keep :]:
        on_refusal(f"right, but not among the {settings.choose} {settings.keep}")
    return [as_thought(problem, taught, "distill", teacher.name, {}) for taught in chosen[: settings.keep]]


async def check(problem: Problem, completion: Completion, grader: Grader, thinking: bool = True) -> Taught | str:
    """What a teacher's completion teaches, or why it teaches nothing; marks of an end behind it are cut off.

    The final answer is looked for in what was answered; in the thought only where there is no answer beside it.
    """
    if completion.finish == "error":
        return "nothing usable"
    if completion.finish == "length":
        return "cut off"
    text, _ = without_end_marks(completion.text)
    if completion.reasoning is not None and completion.reasoning.strip():
        thought, answer = completion.reasoning.strip(), text.strip()
    elif (split := split_thinking(text)) is not None:
        thought, answer = split
    else:
        return "marks of thinking that do not pair"
    if not answer and (not thought or not thinking):
        return "empty"
    grade = await grader.grade(problem, answer or thought)
    if grade.answer is None:
        return "no answer"
    if not grade.correct:
        return "could not check" if grade.correct is None else "wrong answer"
    parts = [part for part in (thought if thinking else "", answer) if part]
    return Taught("\n\n".join(parts), grade.answer)


async def rewrite(
    problem: Problem, model: Model, grader: Grader, settings: RewriteSettings, on_refusal: OnRefusal = nobody
) -> Thought | None:
    """The problem's given solution written out long; null where no try was good, or where there is no solution.

    A try is good if it was not cut off, ends in a box with the problem's answer, is long enough, and the given
    solution's numbers survive in it. `on_refusal` hears why each other try was not. Raises ModelError.
    """
    if not problem.solution or not problem.solution.strip():
        on_refusal("no given solution")
        return None
    prompt = Prompt(
        prompts.fill_for(
            code(problem.language),
            settings.prompt,
            question=quoted(problem.question),
            solution=quoted(problem.solution.strip()),
        ),
        images=problem.images,
    )
    for attempt in range(settings.tries):
        seed = content_seed("rewrite", settings.seed, problem.id, attempt)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=seed)
        taught = await check(problem, (await model.complete(prompt, sampling))[0], grader, thinking=False)
        refused = taught if isinstance(taught, str) else _shortened(problem.solution, taught.text, settings)
        if refused is None and isinstance(taught, Taught):
            return as_thought(problem, taught, "rewrite", model.name, {"of": problem.solution})
        on_refusal(refused or "")
    return None


def _shortened(solution: str, text: str, settings: RewriteSettings) -> str | None:
    if "\\boxed" not in text[paragraphs(text)[-1][0] :]:
        return "does not end in a box"
    if len(text) < settings.longer * len(solution.strip()):
        return "not long enough"
    return None if survival(solution, text) >= settings.survival else "steps are missing"


def as_thought(problem: Problem, taught: Taught, method: str, by: str, made: Any) -> Thought:
    """A text that came from no tree as a thought: its paragraphs are its segments, the last with an answer is that."""
    text = taught.text
    spans = paragraphs(text)
    answering = next((span for span in reversed(spans) if find_answer(text[slice(*span)]) is not None), spans[-1])
    language = code(problem.language)
    segments = tuple(
        Segment("answer" if span == answering else kind(text[slice(*span)], language), text[slice(*span)], None, *span)
        for span in spans
    )
    identity = content_hash("thought", problem.id, method, by, made, text)
    return Thought(identity, problem.id, None, method, segments, text, text, taught.answer)


# --- what survives ----------------------------------------------------------------------------------------------------


def survival(given: str, text: str) -> float:
    """The share of the given text's numbers that stand in the other in the same order; 1 where it has none.

    The longest common subsequence, over the count of the given numbers: numbers put between them cost nothing, numbers
    left out, changed or moved do. It says nothing about words.
    """
    wanted = numbers(given)
    return _common(wanted, numbers(text)) / len(wanted) if wanted else 1.0


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence (Hyyrö 2004: one row of the table is the bits of one number)."""
    places: dict[str, int] = {}
    for place, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << place
    every = row = (1 << len(first)) - 1
    for item in second:
        hits = row & places.get(item, 0)
        row = ((row + hits) | (row - hits)) & every
    return len(first) - row.bit_count()


async def make_distilled(material: Material, settings: DistillSettings, tools: Tools) -> Made:
    """The strong model's right answers to a problem."""
    settings = replace(settings, seed=tools.common.seed)
    kept = await distill(material.problem, tools.strong, tools.grader, settings, tools.refused)
    return Made(kept, reason=f"no right answer in {settings.samples}")


def estimate_distilled(problems: Sequence[Problem], settings: DistillSettings, common: Common) -> list[Estimate]:
    """The strong model's answers."""
    drawn = len(problems) * settings.samples * settings.max_tokens
    return [Estimate(common.strong, "distill", Usage(len(problems), question_tokens(problems), drawn))]


async def make_rewritten(material: Material, settings: RewriteSettings, tools: Tools) -> Made:
    """The problem's worked solution, made long by the strong model. Raises ModelError where there is none."""
    if material.problem.solution is None:
        raise ModelError("the problem has no worked solution to rewrite")
    settings = replace(settings, seed=tools.common.seed)
    thought = await rewrite(material.problem, tools.strong, tools.grader, settings, tools.refused)
    return Made([] if thought is None else [thought], reason=f"no good rewriting in {settings.tries} tries")


def estimate_rewritten(problems: Sequence[Problem], settings: RewriteSettings, common: Common) -> list[Estimate]:
    """The strong model's rewritings, every try used."""
    calls = len(problems) * settings.tries
    read = settings.tries * (question_tokens(problems) + sum(tokens_of(p.solution or "") for p in problems))
    return [Estimate(common.strong, "rewrite", Usage(calls, read, calls * settings.max_tokens))]
