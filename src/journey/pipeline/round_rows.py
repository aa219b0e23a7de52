"""What a round is trained on: the thoughts of a lineage's rounds, people's, and the floor under what was given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from journey.errors import UsageError
from journey.evals.guards import domain_of, new_ways
from journey.models.weights import reader_of
from journey.pipeline.arm_rows import SeedRun, kept_thoughts
from journey.pipeline.given import labelled_rows, labellers
from journey.pipeline.round_settings import Rounds
from journey.tasks.table import ask
from journey.training.rows import Row, sft_rows
from journey.types import Problem, Thought, content_seed

GIVEN, LABELLED = "given", "labelled"


@dataclass(frozen=True, slots=True)
class Mix:
    """The rows of a round and how many came from where: "given" (worked solutions), "labelled", "round 1", ...

    `new`: how many thoughts the round itself brought. `new_ways`: the share of their right ways that no thought of an
    earlier round takes, null where that is not known.
    """

    rows: Sequence[Row]
    counts: Mapping[str, int]
    new: int
    new_ways: float | None

    @property
    def by_people(self) -> dict[str, dict[str, int]]:
        """Who gave how many of the rows; nothing where nobody did."""
        names = labellers(self.rows)
        return {"labelled by": names} if names else {}

    @property
    def given(self) -> float:
        """The share of rows that people or worked solutions gave."""
        return (self.counts[GIVEN] + self.counts[LABELLED]) / max(1, sum(self.counts.values()))


class _Own(NamedTuple):
    round: int
    domain: str
    row: Row


def mixed(of: SeedRun, method: str, rounds: Rounds, solutions: Sequence[Row], weights: str | Path) -> Mix:
    """The mix of the seed's round, of a method's thoughts and what was given.

    `weights` is the folder of the model that training starts from. `solutions` are the rows of phase 1: a round that
    starts behind them counts them, one that starts from the last model is trained on as many of them again as the share
    wants. Of the own rows those of the oldest rounds are left out for it; the first round has all of them. Raises
    UsageError where there is no given row at all and the recipe wants a share of them.
    """
    thoughts, known = kept_thoughts(of, method), {problem.id: problem for problem in of.run.problems()}
    labelled = labelled_rows(of.run, method, reader_of(weights))
    check_given(rounds.given, solutions, labelled)
    if of.number == 1:  # it is trained as an experiment without rounds: on all of its thoughts, behind phase 1
        rows = sft_rows(thoughts[1], known.values(), ask)
        counts = {GIVEN: len(solutions), LABELLED: 0, "round 1": len(rows)}
        return Mix(rows, counts, len(rows), None)
    older = [t for number in range(1, of.number) for t in thoughts[number]]
    wanted = thoughts if rounds.data == "accumulate" else {of.number: thoughts[of.number]}
    draw = Random(content_seed("rounds", method, of.seed, of.number))
    own = _weighted(_without_repeats(wanted, known, labelled), rounds.mix, draw)
    begun = len(solutions) if rounds.start == "base" else 0
    given, again = begun + len(labelled), list[Row]()
    if rounds.start == "last":
        lacking = len(own) if rounds.given == 1 else _needed(len(own), rounds.given)
        again = draw.sample(list(solutions), min(len(solutions), max(0, lacking - given)))
        given += len(again)
    own = _newest(own, _allowed(given, rounds.given, len(own)), draw)
    counts = {GIVEN: begun + len(again), LABELLED: len(labelled)}
    counts |= {f"round {number}": n for number in wanted if (n := sum(one.round == number for one in own))}
    rows = [*again, *labelled, *(one.row for one in own)]
    return Mix(rows, counts, len(thoughts[of.number]), new_ways(known, thoughts[of.number], older))


def check_given(share: float, *given: Sequence[Any]) -> None:
    """Raises UsageError where a share of given rows is wanted and there is nothing of any kind of them."""
    if share > 0 and not any(given):
        raise UsageError(
            f"rounds.given wants {share:.0%} given rows, but there is neither a phase 1 nor a labelled thought; write "
            "rounds.given: 0, or label thoughts in journey view"
        )


def _needed(own: int, share: float) -> int:
    """How many given rows make up that share beside so many others."""
    return -int(-own * share / (1 - share) // 1)


def _allowed(given: int, share: float, own: int) -> int:
    """How many own rows may stand beside so many given ones."""
    return own if share == 0 else min(own, int(given * (1 - share) / share + 1e-9))


def _without_repeats(
    thoughts: Mapping[int, Iterable[Thought]], known: Mapping[str, Problem], labelled: Sequence[Row]
) -> list[_Own]:
    """The thoughts as rows; what people gave or an earlier round holds letter by letter is not there twice."""
    found: dict[tuple[str, str], _Own] = {}
    given = {(row["prompt"], row["completion"]) for row in labelled}
    for number, of in thoughts.items():
        for thought in of:
            (row,) = sft_rows([thought], [known[thought.problem]], ask)
            key = row["prompt"], row["completion"]
            if key not in given:
                found.setdefault(key, _Own(number, domain_of(known[thought.problem]), row))
    return list(found.values())


def check_mix(weights: Mapping[str, float], problems: Mapping[str, Iterable[Problem]]) -> None:
    """Raises UsageError where a domain of the problems to train on has no weight, or a weight is of no domain at all.

    `problems` by part.
    """
    by_part = {part: {domain_of(problem) for problem in of} for part, of in problems.items()}
    known = set[str]().union(*by_part.values())
    wrong = {name: "has no weight for" for name in by_part["train"] - weights.keys()}
    wrong |= {name: "has a weight for" for name in weights.keys() - known}
    for name, why in sorted(wrong.items()):
        raise UsageError(f"rounds.mix {why} {name!r}; give one to each of {', '.join(sorted(known))} and no other")


def _weighted(own: Sequence[_Own], weights: Mapping[str, float] | None, draw: Random) -> list[_Own]:
    """As many of them as give every domain its weight; those of a domain without one are left out."""
    if not weights or not own:
        return list(own)
    weights = dict.fromkeys(domains := {one.domain for one in own}, 0.0) | dict(weights)
    counts = {domain: sum(one.domain == domain for one in own) for domain in domains}
    total = min((counts[d] / weights[d] for d in domains if weights[d] > 0), default=0)
    kept: set[int] = set()
    for domain in sorted(domains):
        places = [i for i, one in enumerate(own) if one.domain == domain]
        kept.update(draw.sample(places, min(len(places), round(total * weights[domain]))))
    return [one for i, one in enumerate(own) if i in kept]


def _newest(own: Sequence[_Own], allowed: int, draw: Random) -> list[_Own]:
    """So many of them, those of the oldest rounds left out first, by chance among those of one round."""
    places = list(range(len(own)))
    draw.shuffle(places)
    kept = set(sorted(places, key=lambda i: -own[i].round)[:allowed])
    return [one for i, one in enumerate(own) if i in kept]
