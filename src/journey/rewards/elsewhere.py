"""The outcome as the reward functions of verl and OpenRLHF, for the prompt sets of `journey export RUN prompts`.

Neither has a null: what nobody could say is worth `unknown` there and is marked.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from journey.errors import UsageError
from journey.rewards.grading import grades, submitted
from journey.rewards.outcomes import Ending, ending
from journey.types import Problem, make_problem

_END_MARKS = re.compile(r"(?:<\|[^<>|\s]{1,40}\|>|</s>|<eos>|<end_of_turn>|\s)+\Z")


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: dict[str, Any] | None = None,
    *,
    right: float = 1.0,
    wrong: float = 0.0,
    empty: float = 0.0,
    unknown: float = 0.0,
    allow_code: bool = False,
    **_: Any,
) -> dict[str, Any]:
    """verl's custom reward function: the score of one answer with how it ended ("right", ..., "unknown").

    The settings are `reward.custom_reward_function.reward_kwargs`. The problem is that of `extra_info` (question and
    task), else that of `data_source` ("journey/TASK"). verl tells nothing of the length, so an answer that was cut off
    before its end is wrong.
    """
    info = extra_info or {}
    problem = make_problem(
        info.get("question") or "", ground_truth, task=info.get("task") or data_source.rpartition("/")[2]
    )
    graded = None
    if solution_str.strip():
        graded = (await grades([(problem, solution_str)], allow_code=allow_code))[0]
    how = ending(graded, is_cut=False)
    rewards: dict[Ending | None, float] = {"right": right, "wrong": wrong, "empty": empty, None: unknown}
    return {"score": rewards[how], "acc": float(how == "right"), "ending": how or "unknown"}


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """OpenRLHF's reward function: `rewards` and `scores` (1 right, 0 else) of answers that follow their prompts.

    A label is the column `reference` of `journey export RUN prompts --for openrlhf`: the problem as a JSON text. The
    values are numbers where there is one query, as OpenRLHF calls it, else lists. An answer without an end is wrong.
    """
    texts = [_END_MARKS.sub("", _answer(query, prompt)) for query, prompt in zip(queries, prompts, strict=True)]
    problems = [_problem(label) for label in labels]
    pairs = [(problem, text) for problem, text in zip(problems, texts, strict=True) if text]
    graded = iter(submitted(pairs).result())
    found = [ending(next(graded) if text else None, is_cut=False) for text in texts]
    scores: Any = [float(how == "right") for how in found]
    unknown: Any = [float(how is None) for how in found]
    if len(found) == 1:
        scores, unknown = scores[0], unknown[0]
    return {"rewards": scores, "scores": scores, "extra_logs": {"could_not_say": unknown}}


def _problem(label: str) -> Problem:
    """The problem of a label. Raises UsageError for a label that is an answer alone, say."""
    try:
        return make_problem(**json.loads(label))
    except (ValueError, TypeError):
        raise UsageError(
            f"the label {str(label)[:40]!r} is no problem as a JSON text; point "
            "the labels at the column that holds it: --data.label_key reference"
        ) from None


def _answer(query: str, prompt: str) -> str:
    """What follows the prompt, which a tokenizer may have written with a mark before it."""
    return query[query.find(prompt) + len(prompt) :] if prompt in query else query
