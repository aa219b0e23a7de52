"""What a suite came to: each part before against after training, paired by problem, and what became of the answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from journey.evals.graded_answers import NOT_ATTEMPTED
from journey.evals.rule_graders import AGREES
from journey.metrics.accuracy import Interval, holm, no_difference, share_over_seeds
from journey.metrics.paired import compared, gains
from journey.pipeline.arms import in_order
from journey.store.entries import SuitePart
from journey.store.run import Run
from journey.tasks.remarks import reply
from journey.types import Attempt, ModelRef, Problem, label

Json = dict[str, Any]
Seeds = Mapping[int | None, Mapping[str, Attempt]]
"""Of one model over its seeds: problem -> attempt."""

OUTCOMES = ("right", "wrong", "wrong_form", "no_answer", "cut_off", "could_not_say")
NO_ANSWER = ("no answer", "empty", "no completion", NOT_ATTEMPTED)
REPLIES = ("denies", "agrees", "says nothing")


def outcome_of(attempt: Attempt) -> str:
    """What became of an answer, one of `OUTCOMES`.

    "wrong_form": steps that come to no answer. "could_not_say": there is an answer that nobody could check.
    """
    if attempt.correct is True:
        return "right"
    if attempt.finish == "length":
        return "cut_off"
    if attempt.correct is False:
        return "wrong"
    if attempt.answer is not None:
        return "could_not_say"
    return "no_answer" if attempt.error in NO_ANSWER else "wrong_form"


def suite_figures(run: Run) -> list[Json]:
    """One object a suite and decoding: {"suite", "decoding", "max_tokens", "models", "parts", "gains", "against_twin"}.

    A part has its words, "problems", "reason" and "not_measured" (why nothing, or not of which model), and "models":
    by the model's name over all seeds "seeds", "answers", "accuracy", "low", "high", "tokens", the share of each
    outcome, and "replies" to claims. "gains": of an arm over a model before it, in points with the interval, paired by
    problem; "against_twin": of a model with a remark over itself without. "holm": the probability of so large a
    difference where there is none, corrected for all in the list.
    """
    groups: dict[tuple[str, str], list[SuitePart]] = {}
    for entry in run.entries(SuitePart):
        groups.setdefault((entry.suite, entry.rule), []).append(entry)
    return [_suite(run, suite, rule, entries) for (suite, rule), entries in sorted(groups.items())]


def _suite(run: Run, suite: str, rule: str, entries: Sequence[SuitePart]) -> Json:
    has = {entry.part for entry in entries if entry.reason is None}
    entries = [entry for entry in entries if entry.reason is None or entry.part not in has]
    entries.sort(key=lambda entry: (entry.number, entry.decoding))
    drawn: dict[str, list[Attempt]] = {}
    for decoding in {entry.decoding for entry in entries}:
        drawn[decoding] = [a for a in run.attempts(split=suite, decoding=decoding) if a.model.search is None]
    problems = {problem.id: problem for problem in run.problems()}
    names = {name: shown(run.model_ref(name)) for entry in entries for name in (*entry.before, *entry.after)}
    before = list(dict.fromkeys(names[n] for entry in entries for n in entry.before))
    after = [n for n in in_order({names[n] for entry in entries for n in entry.after}) if n not in before]
    by_part = {(e.part, e.decoding): _by_model(e, drawn[e.decoding]) for e in entries}
    parts = [_part(e, by_part[e.part, e.decoding], [*before, *after], problems) for e in entries]
    trained = [
        _gain({"part": e.part, "graded_by": e.graded_by, "after": one, "before": two}, found[two], found[one])
        for e in entries for found in [by_part[e.part, e.decoding]] for one in after for two in before
        if found.get(one) and found.get(two)
    ]  # fmt: skip
    return {
        "suite": suite,
        "decoding": rule,
        "models": [*before, *after],
        "before": before,
        "after": after,
        "parts": parts,
        "gains": _corrected(trained),
        "against_twin": _corrected(_twins(entries, by_part, [*before, *after])),
    }


def shown(ref: ModelRef) -> str:
    """A model by its arm and round over all seeds, else by its name."""
    return label(ref, over_seeds=True)


def _by_model(entry: SuitePart, drawn: Iterable[Attempt]) -> dict[str, Seeds]:
    """The attempts at the part's problems by the model over all seeds, by seed and problem.

    A problem that two parts have was attempted once, for one of them, and counts in both.
    """
    wanted, found = {*entry.problems}, dict[str, dict[int | None, dict[str, Attempt]]]()
    for a in drawn:
        if a.problem in wanted:
            found.setdefault(shown(a.model), {}).setdefault(a.model.seed, {})[a.problem] = a
    return dict(found)


def _part(entry: SuitePart, found: Mapping[str, Seeds], models: Sequence[str], problems: Mapping[str, Problem]) -> Json:
    return {
        "part": entry.part,
        "about": entry.about,
        "source": entry.source,
        "graded_by": entry.graded_by,
        "decoding": entry.decoding,
        "problems": len(entry.problems),
        "reason": entry.reason,
        "not_measured": dict(entry.not_measured),
        "models": {name: _model(found[name], problems) for name in models if name in found},
    }


def _model(seeds: Seeds, problems: Mapping[str, Problem]) -> Json:
    share = share_over_seeds([_rights(of) for of in seeds.values()])
    attempts = [a for of in seeds.values() for a in of.values()]
    outcomes = [outcome_of(a) for a in attempts]
    replies = [r for a in attempts if (r := _reply(problems.get(a.problem), a)) is not None]
    return {
        "seeds": len(seeds),
        "answers": len(attempts),
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "tokens": fmean(a.tokens for a in attempts),
        "outcomes": {name: outcomes.count(name) / len(outcomes) for name in OUTCOMES},
        "replies": {name: replies.count(name) / len(replies) for name in REPLIES} if replies else None,
        "claim_taken": fmean(a.error == AGREES for a in attempts),
    }


def _reply(problem: Problem | None, attempt: Attempt) -> str | None:
    is_puzzle = problem is not None and problem.task not in ("", "math", "text", "judged", "code")
    return reply(problem, attempt.text) if problem is not None and is_puzzle else None


def _rights(of: Mapping[str, Attempt], called: Callable[[str], str] = str) -> dict[str, float]:
    return {called(problem): float(a.correct is True) for problem, a in of.items()}


def _pairs(first: Seeds, second: Seeds) -> list[tuple[Mapping[str, Attempt], Mapping[str, Attempt]]]:
    """The seeds of two models that belong together: their own, or the one model for every seed of the other."""
    if len(first) == 1 or len(second) == 1:
        ones, twos = list(first.values()), list(second.values())
        most = max(len(ones), len(twos))
        return [(ones[i % len(ones)], twos[i % len(twos)]) for i in range(most)]
    return [(first[seed], second[seed]) for seed in first if seed in second]


def _gain(about: Json, first: Seeds, second: Seeds, twin_of: Callable[[str], str] = str) -> Json | None:
    """What the second is better by than the first, in points; null where they have no problem in common."""
    pairs = [(_bools(x), _bools(y, twin_of)) for x, y in _pairs(first, second)]
    pairs = [(x, y) for x, y in pairs if x.keys() & y.keys()]
    if not pairs:
        return None
    both = compared(pairs)
    p = both.p if both.p is not None else no_difference(gains(pairs))
    return about | _points(both.difference) | {
        "seeds": len(pairs), "pairs": both.pairs, "first": both.first, "second": both.second, "p": p,
    }  # fmt: skip


def _bools(of: Mapping[str, Attempt], called: Callable[[str], str] = str) -> dict[str, bool]:
    return {called(problem): a.correct is True for problem, a in of.items()}


def _points(difference: Interval) -> Json:
    return {name: 100 * getattr(difference, key) for name, key in
            (("points", "value"), ("low", "low"), ("high", "high"))}  # fmt: skip


def _twins(
    entries: Sequence[SuitePart], by_part: Mapping[tuple[str, str], Mapping[str, Seeds]], models: Sequence[str]
) -> list[Json | None]:
    """Each model with something behind or before the question against itself without."""
    found: list[Json | None] = []
    for entry in entries:
        plain = next((by_part[e.part, e.decoding] for e in entries if e.part == entry.twin), None)
        changed = by_part[entry.part, entry.decoding]
        for name in models if plain is not None else ():
            if plain is not None and name in plain and name in changed:
                about = {"part": entry.part, "model": name}
                twins = entry.twins
                found.append(_gain(about, plain[name], changed[name], lambda id, twins=twins: twins.get(id, id)))
    return found


def _corrected(rows: Sequence[Json | None]) -> list[Json]:
    kept = [row for row in rows if row is not None]
    corrected = holm({str(i): row["p"] for i, row in enumerate(kept)})
    return [row | {"holm": corrected[str(i)]} for i, row in enumerate(kept)]
