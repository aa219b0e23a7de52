"""Choose among problems: which ask the same question, that parts share none, and so many drawn by seed."""

import re
import unicodedata
from collections.abc import Iterable

from journey.errors import UsageError
from journey.types import Problem, content_seed


def normalised(question: str) -> str:
    """A question for comparing: case, spaces, dollars and marks at its end do not count."""
    text = unicodedata.normalize("NFKC", question).casefold()
    text = re.sub(r"(?<=\d)\s+(?=\d)", "_", text)  # "1 19" and "11 9" are different numbers
    return re.sub(r"\s|\$|\\[!,;: ]|\\(?:left|right|displaystyle)(?![a-z])", "", text).rstrip(".?!:")


def question_key(problem: Problem) -> str:
    """What two problems that ask the same have alike: the question, and the pictures that it is asked of."""
    return " ".join([normalised(problem.question), *problem.images])


def overlaps(train: Iterable[Problem], test: Iterable[Problem]) -> list[tuple[Problem, Problem]]:
    """Pairs (of train, of test) with the same question, in the order of train."""
    known = {question_key(problem): problem for problem in test}
    return [(problem, known[key]) for problem in train if (key := question_key(problem)) in known]


def disjoint(train: Iterable[Problem], test: Iterable[Problem]) -> None:
    """Raises UsageError if a question stands in both, naming how many do and one of them."""
    if shared := overlaps(train, test):
        example = " ".join(shared[0][0].question.split())
        raise UsageError(
            f"train and test share {len(shared)} problems, for example {example[:80]!r}; take them out of one"
        )


def drawn(problems: Iterable[Problem], limit: int, seed: int) -> list[Problem]:
    """At most `limit` problems in the order drawn, so that a smaller limit gives the beginning of a greater one."""
    return sorted(problems, key=lambda problem: content_seed("select", seed, problem.id))[:limit]
