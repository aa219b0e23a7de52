"""Thoughts and attempts as the rows that TRL trains on: prompt/completion and prompt/chosen/rejected."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from journey.errors import UsageError
from journey.models.base import Prompt
from journey.tasks.prompting import Ask
from journey.types import Attempt, Problem, Thought, content_seed

Row = dict[str, Any]


def sft_rows(
    thoughts: Iterable[Thought], problems: Iterable[Problem], ask: Ask, *, messages: bool = False
) -> list[Row]:
    """One prompt/completion row a thought: the problem as the model is asked it, the thought's text as the answer.

    With `messages` both sides are lists of chat messages; else they are plain strings, system text first. Raises
    UsageError where a thought's problem is not among `problems`.
    """
    known = {problem.id: problem for problem in problems}
    return [_row(ask(_problem(known, t.problem), ()), messages, completion=t.text) for t in thoughts]


def dpo_rows(
    attempts: Iterable[Attempt],
    problems: Iterable[Problem],
    ask: Ask,
    *,
    pairs: int = 5,
    samples: int = 20,
    seed: int = 0,
    messages: bool = False,
) -> list[Row]:
    """Preference pairs: right answers against wrong answers to the same problem.

    Of each problem's first `samples` attempts, `pairs` right and as many wrong ones with different texts are drawn at
    random and paired (fewer where fewer are there; none where one side is empty). Attempts whose correctness is null
    and attempts that did not come to their own end belong to neither side. The draw depends on the attempts and the
    seed only, not on their order. Source: O1 Replication Journey part 1, the section on training (DPO): 20 answers a
    problem, 5 pairs.
    """
    known = {problem.id: problem for problem in problems}
    grouped: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        grouped.setdefault(attempt.problem, []).append(attempt)
    rows: list[Row] = []
    for name, group in grouped.items():
        prompt = ask(_problem(known, name), ())
        first = sorted(group, key=lambda a: (a.sample, a.id))[:samples]
        for chosen, rejected in _pairs(first, pairs, content_seed("dpo", name, seed)):
            rows.append(_row(prompt, messages, chosen=chosen, rejected=rejected))
    return rows


def match_tokens(rows: Sequence[Row], count: Callable[[Row], int], target: int, *, seed: int = 0) -> list[Row]:
    """Whole passes over `rows`, then a random part of one more, until their trained tokens come nearest to `target`.

    This makes the arm matched by tokens: short answers are seen more often, so that both arms learn from equally many
    tokens. `count` gives a row's trained tokens. Raises UsageError where there is nothing to repeat.
    """
    counts = [count(row) for row in rows]
    if sum(counts) <= 0:
        raise UsageError("There are no trained tokens to match: give rows with answers.")
    passes, left = divmod(target, sum(counts))
    chosen = list(range(len(rows))) * passes
    last = list(range(len(rows)))
    random.Random(content_seed("match tokens", len(rows), target, seed)).shuffle(last)
    for i in last:
        if abs(left - counts[i]) >= left:  # taking it would lead further away from the target
            continue
        chosen.append(i)
        left -= counts[i]
        if left <= 0:
            break
    return [rows[i] for i in chosen]


def _problem(known: Mapping[str, Problem], name: str) -> Problem:
    if name not in known:
        raise UsageError(f"The problem {name} is not among the problems given: load the problems of the same run.")
    return known[name]


def _pairs(attempts: Sequence[Attempt], pairs: int, seed: int) -> list[tuple[str, str]]:
    own_end = [a for a in attempts if a.finish in ("end", "stop")]
    right = list(dict.fromkeys(a.text for a in own_end if a.correct is True))
    wrong = list(dict.fromkeys(a.text for a in own_end if a.correct is False and a.text not in right))
    drawn = min(pairs, len(right), len(wrong))
    stream = random.Random(seed)
    return list(zip(stream.sample(right, drawn), stream.sample(wrong, drawn), strict=True))


def _row(prompt: Prompt, messages: bool, **answers: str) -> Row:
    if not messages:
        return {"prompt": (prompt.system or "") + prompt.text, **answers}
    system = [] if prompt.system is None else [{"role": "system", "content": prompt.system}]
    asked = [*system, {"role": "user", "content": prompt.text}]
    told = {side: [{"role": "assistant", "content": text}] for side, text in answers.items()}
    return {"prompt": asked, **told}
