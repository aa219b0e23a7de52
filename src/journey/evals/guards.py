"""The guards of rounds: what a round's model measures on the validation problems, and whether the next one may begin.

Figures that nobody could measure are null, and a guard never stops a run for a null.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from journey.errors import check_settings
from journey.metrics.accuracy import Interval, mean_tokens, over_seeds, share_over_seeds
from journey.metrics.diversity import distinct_grams, entropy, likeness, lines_again, mean
from journey.metrics.paired import compared
from journey.metrics.votes import pass_at_k
from journey.tasks.table import first_step, way_of
from journey.types import Attempt, Problem, Thought

Draws = Mapping[str, Sequence[Attempt]]
"""The answers to each problem, by its id."""
Figures = Mapping[str, float | None]
"""The figures of a round by name: see `measured`."""
SAMPLES = 16  # answers to a problem
KEPT = (("passing", "pass_at", "pass@k"), ("diversity", "right_ways", "different right ways a problem"),
        ("diversity", "first_steps", "different first steps a problem"))  # fmt: skip
"""What must keep a share of its value in round 1: the guard, the figure, and how it is called."""
PASSED = 0.5  # of its answers that must be right for a problem to count as solved


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a round must keep, measured on the validation problems; null or "off" switches a guard off.

    `gate` compares the new model's answers with the last good model's, paired by problem: "equal" takes it unless the
    95 % interval of the difference lies below 0, "better" only where it lies above 0. Shares of what round 1 had:
    `passing` of pass@k, `diversity` of the right ways and of the first steps a problem that differ. `cut_off` and
    `repeats` at most, or as much as round 1 has; `new` is the least share of right ways that the mix did not have:
    below it the round is not paid for. `domain` is how many points a domain may fall below its best round, beyond its
    interval.
    """

    gate: Literal["equal", "better", "off"] = "equal"
    passing: float | None = 0.9
    diversity: float | None = 0.5
    cut_off: float | None = 0.3
    repeats: float | None = 0.5
    new: float | None = 0.05
    domain: float | None = 5.0
    samples: int = SAMPLES
    problems: int = 100

    def __post_init__(self) -> None:
        shares = dict.fromkeys(("passing", "diversity", "cut_off", "repeats", "new"), (0.0, 1.0))
        check_settings(self, "rounds.guards.", samples=2, problems=1, domain=0.0, **shares)


OFF = Guards(gate="off", passing=None, diversity=None, cut_off=None, repeats=None, new=None, domain=None)


def measured(
    problems: Mapping[str, Problem],
    draws: Draws,
    before: Draws | None = None,
    *,
    k: int = SAMPLES,
    given: float | None = None,
    new_ways: float | None = None,
) -> dict[str, float | None]:
    """The figures of a round from its model's answers, and from those of the last good model `before` (null: none yet).

    - `accuracy`, `low`, `high`: the share of right answers with its 95 % interval; `accuracy D`, `low D`, `high D` for
      each domain where there are several (see `domain_of`).
    - `gain`, `gain_low`, `gain_high`: its difference to the last good model's in points, paired by problem.
    - `pass_at`: pass@k, of fewer where a problem has fewer answers.
    - Means over problems: `first_steps` and `right_ways` that differ, `ngrams` (share of 4-grams that are distinct),
      `likeness` (of answers to each other), `entropy` (bits of the first step).
    - Means over answers: `tokens`, `cut_off`, `repeats` (share of lines that the answer holds before).
    - `newly_solved` and `newly_lost`: problems of which half of the answers are right now and were not, or were.
    - `given` and `new_ways` as they were handed in.
    """
    draws = {id: of for id, of in draws.items() if of}
    rights = {id: [a.correct is True for a in of] for id, of in draws.items()}
    found = accuracy_figures("", rights) if draws else {}
    domains = {domain_of(problems[id]) for id in draws}
    for domain in sorted(domains) if len(domains) > 1 else ():
        within = {id: of for id, of in rights.items() if domain_of(problems[id]) == domain}
        found |= accuracy_figures(f" {domain}", within)
    known = {} if before is None else {id: [a.correct is True for a in of] for id, of in before.items() if of}
    both = {id: (known[id], of) for id, of in rights.items() if id in known}
    gain = _gain(both) if both else None
    changes = [(fmean(new) >= PASSED) - (fmean(old) >= PASSED) for old, new in both.values()]
    every = [a for of in draws.values() for a in of]
    fewest = min([k, *map(len, draws.values())])
    texts = [[a.text for a in of] for of in draws.values()]
    first = [[first_step(problems[id], a.text) for a in of] for id, of in draws.items()]
    ways = [{way_of(problems[id], a.text) for a in of if a.correct is True} - {None} for id, of in draws.items()]
    return found | {
        "gain": None if gain is None else 100 * gain.value,
        "gain_low": None if gain is None else 100 * gain.low,
        "gain_high": None if gain is None else 100 * gain.high,
        "pass_at": mean(pass_at_k(len(of), sum(of), fewest) for of in rights.values()),
        "first_steps": mean(len(set(of)) for of in first),
        "right_ways": mean(map(len, ways)),
        "ngrams": mean(map(distinct_grams, texts)),
        "likeness": mean(map(likeness, texts)),
        "entropy": mean(map(entropy, first)),
        "tokens": mean_tokens(every) if every else None,
        "cut_off": mean(a.finish == "length" for a in every),
        "repeats": mean(lines_again(a.text) for a in every),
        "newly_solved": float(changes.count(1)) if both else None,
        "newly_lost": float(changes.count(-1)) if both else None,
        "given": given,
        "new_ways": new_ways,
    }


def accuracy_figures(suffix: str, rights: Mapping[str, Sequence[bool]]) -> dict[str, float | None]:
    """The accuracy of at least one problem's answers with its interval, each name with the suffix."""
    interval = share_over_seeds([{id: fmean(of) for id, of in rights.items()}])
    values = {"accuracy": interval.value, "low": interval.low, "high": interval.high}
    return {name + suffix: value for name, value in values.items()}


def domain_of(problem: Problem) -> str:
    """What a problem's figures are kept apart by: its subject, else its source, of which train and test are one."""
    source = problem.source.removesuffix("/train").removesuffix("/test")
    return problem.subject or source or problem.task


def best_of(rounds: Iterable[Figures]) -> dict[str, float | None]:
    """The greatest value of each figure over rounds, null where it has none."""
    best = dict[str, float | None]()
    for figures in rounds:
        for name, value in figures.items():
            known = best.get(name)
            best[name] = known if value is None or (known is not None and known >= value) else value
    return best


def verdict(figures: Figures, first: Figures | None, best: Figures | None, guards: Guards) -> str | None:
    """Why the rounds of an arm end here, in one sentence that names the guard; null: the next one may begin.

    `first` are the figures of round 1 and `best` the greatest of the good rounds (`best_of`), each null where there is
    none yet. Before a training, figures that hold `new_ways` alone say whether it is paid for.
    """
    return next(_failures(figures, first or {}, best or {}, guards), None)


def _failures(now: Figures, first: Figures, best: Figures, guards: Guards) -> Iterator[str]:
    def of(name: str, figures: Figures = now) -> float | None:
        return figures.get(name)

    if (new := of("new_ways")) is not None and guards.new is not None and new < guards.new:
        yield (
            f"guard new: {new:.1%} of the right ways in the new thoughts are not in the data yet, fewer than the "
            f"{guards.new:.1%} of rounds.guards.new, so the round is not trained"
        )
    gain, low, high = of("gain"), of("gain_low"), of("gain_high")
    if gain is not None and low is not None and high is not None:
        change = (
            f"guard gate: validation accuracy changed by {gain:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
        )
        if guards.gate == "equal" and high < 0:
            yield f"{change} against the last good model, a fall beyond its interval (rounds.guards.gate equal)"
        if guards.gate == "better" and low <= 0:
            yield f"{change} against the last good model, no sure gain (rounds.guards.gate better)"
    for guard, name, what in KEPT:
        share, value, before = getattr(guards, guard), of(name), of(name, first)
        if share is not None and value is not None and before is not None and value < share * before:
            yield (
                f"guard {guard}: {what} fell to {value:.3g} from {before:.3g} in round 1, below the {share:.0%} of it "
                f"that rounds.guards.{guard} wants"
            )
    for guard, what in (("cut_off", "of the answers are cut off"), ("repeats", "of an answer's lines repeat")):
        most, value, before = getattr(guards, guard), of(guard), of(guard, first) or 0.0
        if most is not None and value is not None and value > max(most, before):
            yield (
                f"guard {guard}: {value:.1%} {what}, {before:.1%} in round 1, more than the {most:.1%} that "
                f"rounds.guards.{guard} allows"
            )
    for name, value in now.items():
        domain = name.removeprefix("accuracy ")
        known, reach = of(name, best), of(f"high {domain}")
        if guards.domain is None or domain == name or value is None or known is None:
            continue
        if 100 * ((value if reach is None else reach) - known) < -guards.domain:
            yield (
                f"guard domain: {domain} fell to {value:.1%} from {known:.1%} in its best round, its interval by more "
                f"than the {guards.domain:g} points of rounds.guards.domain"
            )


def new_ways(problems: Mapping[str, Problem], thoughts: Iterable[Thought], earlier: Iterable[Thought]) -> float | None:
    """The share of the right ways of new thoughts, a problem, that no earlier thought takes; null where none is right.

    Ways are the same where they differ only in order (see `way_of`).
    """

    def ways(of: Iterable[Thought]) -> set[tuple[str, str]]:
        pairs = ((t.problem, way_of(problems[t.problem], t.text)) for t in of if t.problem in problems)
        return {(id, way) for id, way in pairs if way is not None}

    new = ways(thoughts)
    return len(new - ways(earlier)) / len(new) if new else None


def middling(problems: Sequence[Problem], success: Mapping[str, float | None]) -> list[Problem]:
    """The problems, those first whose share of right answers is nearest to a half; those without any come last."""

    def distance(problem: Problem) -> float:
        share = success.get(problem.id)
        return 1.0 if share is None else abs(share - 0.5)

    return sorted(problems, key=distance)


def _gain(both: Mapping[str, tuple[Sequence[bool], Sequence[bool]]]) -> Interval:
    """The mean difference of new and old shares; Newcombe's interval where each problem has one answer."""
    if all(len(old) == len(new) == 1 for old, new in both.values()):
        pair = {id: old[0] for id, (old, _) in both.items()}, {id: new[0] for id, (_, new) in both.items()}
        return compared([pair]).difference
    return over_seeds([{id: fmean(new) - fmean(old) for id, (old, new) in both.items()}]).clipped(-1, 1)
