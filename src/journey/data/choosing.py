"""Choose among problems: which ask the same question, that parts share none, and so many of a level or subject."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

from journey.errors import UsageError
from journey.types import Problem, content_seed


def normalised(question: str) -> str:
    """A question for comparing: case, spaces, dollars and marks at its end do not count."""
    text = unicodedata.normalize("NFKC", question).casefold()
    text = re.sub(r"(?<=\d)\s+(?=\d)", "_", text)  # "1 19" and "11 9" are different numbers
    return re.sub(r"\s|\$|\\[!,;: ]|\\(?:left|right|displaystyle)(?![a-z])", "", text).rstrip(".?!:")


def overlaps(train: Iterable[Problem], test: Iterable[Problem]) -> list[tuple[Problem, Problem]]:
    """Pairs (of train, of test) with the same question, in the order of train."""
    known = {normalised(problem.question): problem for problem in test}
    return [(problem, known[key]) for problem in train if (key := normalised(problem.question)) in known]


def disjoint(train: Iterable[Problem], test: Iterable[Problem]) -> None:
    """Raises UsageError if a question stands in both, naming how many do and one of them."""
    if shared := overlaps(train, test):
        example = " ".join(shared[0][0].question.split())
        raise UsageError(
            f"train and test share {len(shared)} problems, for example {example[:80]!r}; take them out of one"
        )


def select(
    problems: Iterable[Problem],
    *,
    limit: int | None = None,
    seed: int | None = None,
    level: str | Collection[str] | None = None,
    subject: str | Collection[str] | None = None,
) -> list[Problem]:
    """The problems of these levels and subjects, at most `limit`: the first ones, or drawn at random by `seed`.

    Drawn ones come in the order drawn, so a smaller limit gives the beginning of a greater one. Raises UsageError if
    no problem is of the level or subject.
    """
    chosen = list(problems)
    for what, wanted in (("level", level), ("subject", subject)):
        if wanted is None:
            continue
        names = {wanted} if isinstance(wanted, str) else {str(name) for name in wanted}
        there = Counter(str(getattr(problem, what)) for problem in chosen)
        chosen = [problem for problem in chosen if getattr(problem, what) in names]
        if not chosen:
            raise UsageError(
                f"no problem is of {what} {', '.join(sorted(names))}; there are {', '.join(sorted(there))}"
            )
    if seed is not None:
        chosen.sort(key=lambda problem: content_seed("select", seed, problem.id))
    return chosen[:limit]
