"""What a trainer hands to a reward function, read: answers as texts, and the problem of each row."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.errors import UsageError
from journey.tasks.table import task_of
from journey.types import Problem, make_problem

Columns = Mapping[str, Sequence[Any]]


def text_of(completion: Any) -> str:
    """An answer as a text: itself, or what the assistant wrote last in a list of chat messages.

    Thinking in a field of its own is taken where the message says nothing else, as `journey eval` does.
    """
    if isinstance(completion, str):
        return completion
    message = next((m for m in reversed(completion) if m.get("role") == "assistant"), {})
    content = message.get("content") or ""
    if not isinstance(content, str):
        content = "".join(part.get("text") or "" for part in content)
    return content if content.strip() else message.get("reasoning_content") or ""


def problems_of(
    prompts: Sequence[Any], columns: Columns, known: Mapping[str, Problem] | None = None
) -> list[Problem | None]:
    """The problem of each row, null where its answer is null.

    A column `problem` that holds an id of `known` names it; else the columns `question` (or `problem`, or the prompt
    itself), `answer` and `task` are it. Raises UsageError for rows of which no answer is known, and for unknown tasks.
    """
    known = known or {}
    given = columns.get("problem", [None] * len(prompts))
    answers = columns.get("answer")
    if answers is None and not all(name in known for name in given):
        raise UsageError(
            "the rows have no column answer to grade by; rename theirs, write them by journey export RUN prompts --for "
            "trl, or give problems={id: Problem, ...} for their column problem"
        )
    found: list[Problem | None] = []
    for i, (prompt, name) in enumerate(zip(prompts, given, strict=True)):
        if name in known:
            found.append(known[name])
            continue
        answer = None if answers is None else answers[i]
        question = _at(columns, "question", i) or name or _question(prompt)
        problem = None if answer is None else make_problem(question, str(answer), task=_at(columns, "task", i) or "")
        if problem is not None:
            task_of(problem)
        found.append(problem)
    return found


def _at(columns: Columns, name: str, i: int) -> Any:
    return columns[name][i] if name in columns else None


def _question(prompt: Any) -> str:
    """The prompt, or its first message of a user."""
    return prompt if isinstance(prompt, str) else next(text_of([m | {"role": "assistant"}]) for m in prompt
                                                       if m["role"] == "user")  # fmt: skip
