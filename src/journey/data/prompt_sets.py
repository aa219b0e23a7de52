"""Problems as prompt sets for RL trainers of other projects: TRL, verl, OpenRLHF; docs/exports.md has examples.

Every row carries what `journey.rewards` grades its answers by.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from journey.models.base import Prompt
from journey.tasks.prompting import Ask
from journey.tasks.table import task_of
from journey.types import Problem

Row = dict[str, Any]


def prompt_rows(problems: Iterable[Problem], ask: Ask, form: str, *, part: str, messages: bool = False) -> list[Row]:
    """One row a problem of the run's `part` ("train", ...) in the form of a key of `FORMS`.

    With `messages` prompts are lists of chat messages, which verl's always are.
    """
    row = FORMS[form]
    rows: list[Row] = []
    for index, problem in enumerate(problems):
        prompt = ask(problem, ())
        pictures = {"images": list(prompt.images)} if prompt.images else {}
        rows.append(row(problem, shown(prompt, messages or form == "verl"), part, index) | pictures)
    return rows


def shown(prompt: Prompt, messages: bool) -> Any:
    """A prompt as one text, the system's first, or as chat messages."""
    if not messages:
        return (prompt.system or "") + prompt.text
    system = [] if prompt.system is None else [{"role": "system", "content": prompt.system}]
    return [*system, {"role": "user", "content": prompt.text}]


def _trl(problem: Problem, prompt: Any, part: str, index: int) -> Row:
    """TRL hands every column but `prompt` to the reward functions."""
    return {"prompt": prompt, "problem": problem.id, **_reference(problem), "split": part}


def _verl(problem: Problem, prompt: Any, part: str, index: int) -> Row:
    reference = _reference(problem)
    return {
        "data_source": f"journey/{reference['task']}",
        "prompt": prompt,
        "ability": problem.subject or reference["task"],
        "reward_model": {"style": "rule", "ground_truth": problem.answer},
        "extra_info": {"split": part, "index": index, "problem": problem.id, **reference},
    }


def _openrlhf(problem: Problem, prompt: Any, part: str, index: int) -> Row:
    """`datasource` is the column that OpenRLHF groups its figures by."""
    reference = _reference(problem)
    return {
        "input": prompt,
        "label": problem.answer,
        "datasource": f"journey/{reference['task']}",
        "reference": json.dumps(reference, ensure_ascii=False),
        "problem": problem.id,
        "split": part,
    }


def _reference(problem: Problem) -> dict[str, str]:
    return {"question": problem.question, "answer": problem.answer, "task": task_of(problem).name}


FORMS: dict[str, Callable[[Problem, Any, str, int], Row]] = {"trl": _trl, "verl": _verl, "openrlhf": _openrlhf}
