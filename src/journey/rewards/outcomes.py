"""The reward of an answer by its outcome: right, wrong, cut off and empty are told apart, each with its reward."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from journey.answers.grade import Grade
from journey.errors import UsageError
from journey.rewards.grading import grades
from journey.rewards.rows import problems_of, text_of
from journey.types import Problem

Ending = Literal["right", "wrong", "cut off", "empty"]


async def outcome(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    completion_ids: Sequence[Sequence[int]] | None = None,
    *,
    right: float = 1.0,
    wrong: float = 0.0,
    cut_off: float = 0.0,
    empty: float = 0.0,
    end_ids: Collection[int] = (),
    max_tokens: int | None = None,
    problems: Mapping[str, Problem] | None = None,
    allow_code: bool = False,
    **columns: Any,
) -> list[float | None]:
    """A reward for each completion by its checked answer; null where nobody could say. TRL's reward function.

    The settings are given by `functools.partial(outcome, wrong=-1.0)`. Completions are strings or lists of chat
    messages; `problems_of` says how a row's problem is found. An answer was cut off where its ids end with none of
    `end_ids`, or are `max_tokens` long where no `end_ids` are given; without both, and without `completion_ids`,
    nothing is taken for cut off, and a text without an answer is wrong. Safe in any thread and event loop. Raises
    UsageError for rows without an answer to grade by, and where answers cannot be graded here.
    """
    rewards: dict[Ending, float] = {"right": right, "wrong": wrong, "cut off": cut_off, "empty": empty}
    check_numbers(rewards)
    found = await endings(
        prompts, completions, columns, cut_flags(completions, completion_ids, end_ids, max_tokens), problems, allow_code
    )
    return [None if one is None else rewards[one] for one in found]


async def endings(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    columns: Mapping[str, Any],
    is_cut: Sequence[bool],
    problems: Mapping[str, Problem] | None = None,
    allow_code: bool = False,
) -> list[Ending | None]:
    """How each completion ended; null where nobody could say."""
    texts = [text_of(completion) for completion in completions]
    rows = list(zip(problems_of(prompts, columns, problems), texts, is_cut, strict=True))
    graded = iter(await grades([(p, t) for p, t, _ in rows if p and t.strip()], allow_code=allow_code))
    return [(ending(next(graded) if text.strip() else None, cut) if problem else None) for problem, text, cut in rows]


def ending(grade: Grade | None, is_cut: bool) -> Ending | None:
    """How an answer ended, by its grade (null: it has no text); null where the checker could not say.

    A text that was cut off before a right answer is "cut off"; one that ends without an answer is wrong.
    """
    if grade is None:
        return "empty"
    if grade.correct or (grade.correct is None and grade.answer is not None):
        return "right" if grade.correct else None
    return "cut off" if is_cut else "wrong"


def cut_flags(
    completions: Sequence[Any],
    completion_ids: Sequence[Sequence[int]] | None,
    end_ids: Collection[int],
    max_tokens: int | None,
) -> list[bool]:
    """Whether each completion was cut off at the length limit, as far as its ids tell."""
    if completion_ids is None or not (end_ids or max_tokens):
        return [False] * len(completions)
    return [not ids or ids[-1] not in end_ids if end_ids else len(ids) >= (max_tokens or 0) for ids in completion_ids]


def check_numbers(rewards: Mapping[Any, Any]) -> None:
    """Raises UsageError for a reward that is no number: a column of the rows with a setting's name, say."""
    for name, reward in rewards.items():
        if not isinstance(reward, (int, float)):
            raise UsageError(
                f"the reward for {name} answers must be a number; is a column of the rows called like this setting? "
                "Rename the column."
            )
