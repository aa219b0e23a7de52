"""Thoughts and attempts as the rows that TRL trains on: prompt/completion and prompt/chosen/rejected; trees as steps.

Rows of steps have a question, its steps and a label for each (TRL's former stepwise type): true or false, "right",
"neutral" or "wrong", or a number in [0, 1] (soft); null is not trained on.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from journey.data.prompt_sets import shown
from journey.errors import UsageError
from journey.judges.base import score_of
from journey.models.base import Prompt
from journey.tasks.prompting import Ask
from journey.trees.mark import children, is_unusable, path
from journey.types import Attempt, Judgement, Problem, Thought, Tree, content_seed

Row = dict[str, Any]
Labels = Literal["verdict", "hard", "soft"]
CUT_OFF = "rejected_cut_off"


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
    cut_off_is_wrong: bool = False,
) -> list[Row]:
    """Preference pairs: right answers against wrong answers to the same problem.

    Of each problem's first `samples` attempts, `pairs` right and as many wrong ones with different texts are drawn at
    random and paired (fewer where fewer are there; none where one side is empty). Attempts whose correctness is null
    and attempts that did not come to their own end belong to neither side; with `cut_off_is_wrong` those cut off at the
    length limit are wrong ones, and their rows say so in `CUT_OFF`, since such a text has no end to learn. The draw
    depends on the attempts and the seed only, not on their order. Source: O1 Replication Journey part 1, the section on
    training (DPO): 20 answers a problem, 5 pairs.
    """
    known = {problem.id: problem for problem in problems}
    grouped: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        grouped.setdefault(attempt.problem, []).append(attempt)
    rows: list[Row] = []
    for name, group in grouped.items():
        prompt = ask(_problem(known, name), ())
        first = sorted(group, key=lambda a: (a.sample, a.id))[:samples]
        cut_off = {a.text for a in first if a.finish == "length"} if cut_off_is_wrong else set()
        for chosen, rejected in _pairs(first, cut_off, pairs, content_seed("dpo", name, seed)):
            row = _row(prompt, messages, chosen=chosen, rejected=rejected)
            rows.append(row | {CUT_OFF: True} if rejected in cut_off else row)
    return rows


def tree_rows(trees: Iterable[Tree], problems: Iterable[Problem], labels: Labels = "verdict") -> list[Row]:
    """One row a path of a judged tree; a step that several paths share has its label in the first of them only.

    `labels` "verdict": the verdicts by name; "hard": true where right or neutral, false where wrong (PRM800K counts
    neutral steps as good ones, Let's Verify Step by Step, section 2.6); "soft": the scores, those of verdicts without
    one 1, 0.5 and 0. Steps of which nobody could say are null, and steps that are no whole steps are left out. Raises
    UsageError where a tree's problem is not among `problems`.
    """
    known = {problem.id: problem for problem in problems}
    return [row for tree in trees for row in _paths(tree, _problem(known, tree.problem).question, labels)]


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


def _pairs(attempts: Sequence[Attempt], cut_off: Iterable[str], pairs: int, seed: int) -> list[tuple[str, str]]:
    own_end = [a for a in attempts if a.finish in ("end", "stop")]
    right = list(dict.fromkeys(a.text for a in own_end if a.correct is True))
    ended = [a.text for a in own_end if a.correct is False]
    wrong = [text for text in dict.fromkeys((*ended, *sorted(cut_off))) if text.strip() and text not in right]
    drawn = min(pairs, len(right), len(wrong))
    stream = random.Random(seed)
    return list(zip(stream.sample(right, drawn), stream.sample(wrong, drawn), strict=True))


def _row(prompt: Prompt, messages: bool, **answers: str) -> Row:
    sides = {side: [{"role": "assistant", "content": text}] for side, text in answers.items()}
    return {"prompt": shown(prompt, messages), **(sides if messages else answers)}


def _paths(tree: Tree, question: str, labels: Labels) -> list[Row]:
    whole = [not is_unusable(node) and bool(node.text.strip()) for node in tree.nodes]
    below = children(tree)
    given: set[int] = set()
    rows: list[Row] = []
    for end in range(len(tree.nodes)):
        if not whole[end] or any(whole[child] for child in below[end]):
            continue
        way = [index for index in path(tree, end) if whole[index]]
        judged = [None if index in given else _label(tree.nodes[index].judgement, labels) for index in way]
        given.update(way)
        if any(label is not None for label in judged):
            texts = [tree.nodes[index].text for index in way]
            rows.append({"prompt": question, "completions": texts, "labels": judged})
    return rows


def _label(judged: Judgement | None, labels: Labels) -> Any:
    if judged is None:
        return None
    if labels == "soft":
        return score_of(judged)
    if judged.verdict is None or labels == "verdict":
        return judged.verdict
    return judged.verdict != "wrong"
