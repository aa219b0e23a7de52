"""The reward of an answer by its value: how likely a right end still is where the text ends."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from journey.rewards.outcomes import check_numbers, cut_flags, endings
from journey.rewards.rows import problems_of, text_of
from journey.thoughts.behaviours import pieces
from journey.types import Problem


async def value(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    completion_ids: Sequence[Sequence[int]] | None = None,
    *,
    right: float = 1.0,
    wrong: float = 0.0,
    in_reach: float = 0.5,
    empty: float = 0.0,
    end_ids: Collection[int] = (),
    max_tokens: int | None = None,
    problems: Mapping[str, Problem] | None = None,
    allow_code: bool = False,
    **columns: Any,
) -> list[float | None]:
    """A reward for each completion by the state in which it ends; null where nobody could say. TRL's reward function.

    An answer that ends is worth what `outcome` gives, since its value is the outcome. One that was cut off is worth
    `in_reach` where the task's solver says that a right end can still be reached, `wrong` where it cannot, and null
    where the task has no solver (problems in words). Keep `in_reach` below `right`: it also pays a text that does
    nothing. The other settings, the columns and the errors are those of `outcome`. Credit inside a text is no scalar:
    docs/rl.md.
    """
    rewards = {"right": right, "wrong": wrong, "in_reach": in_reach, "empty": empty}
    check_numbers(rewards)
    is_cut = cut_flags(completions, completion_ids, end_ids, max_tokens)
    found = await endings(prompts, completions, columns, is_cut, problems, allow_code)
    values: list[float | None] = []
    for problem, completion, how in zip(problems_of(prompts, columns, problems), completions, found, strict=True):
        if how == "cut off" and problem is not None:
            reach = pieces(problem, text_of(completion))[-1].reach
            values.append(None if reach is None else in_reach if reach else wrong)
        else:
            values.append(None if how is None else rewards[how])
    return values
