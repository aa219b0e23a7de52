r"""Does what is decided plainly agree with math-verify? Counts, and each pair on which both speak and differ.

    python benchmarks/answers_against_math_verify.py [--count 3000] [--seed 1] [--data FOLDER]

Pairs are reference answers of MATH's training problems against: another of a similar shape, itself with one number
changed, with one sign changed, or in another writing (fractions as a/b, spaces, no units, members or terms in another
order, other brackets). Identical texts and what math-verify cannot say are counted and left out.
"""

import gzip
import json
import random
import re
import signal
from argparse import Namespace
from collections import Counter
from pathlib import Path

from bench import DATA, Result, flag, listed, run

from journey.answers import worker
from journey.answers.plain import decide


def shape(answer: str) -> str:
    """How an answer begins, whatever its numbers."""
    return re.sub(r"\d+", "0", answer)[:6]


def rewritten(answer: str, alike: list[str], rng: random.Random) -> str:
    """Another answer, a changed one, or the same in another writing."""
    match rng.randrange(9):
        case 0 | 1:
            return rng.choice(alike)
        case 2 | 3:
            if not (numbers := list(re.finditer(r"\d+", answer))):
                return answer
            one = rng.choice(numbers)
            return answer[: one.start()] + str(int(one[0]) + rng.choice([1, -1, 10])) + answer[one.end() :]
        case 4:
            return answer.replace("+", "-", 1)
        case 5:
            return re.sub(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}", r"(\1)/(\2)", answer)
        case 6:
            return re.sub(
                r"\\text\{[^}]*\}", "", answer.replace(",", ", ").replace("\\left", "").replace("\\right", "")
            )
        case 7:
            parts = re.split(r",(?![^(\[]*[)\]])", answer)
            return ",".join(rng.sample(parts, len(parts)))
        case _:
            parts = re.split(r"(?=[+-])", answer)
            if len(parts) == 2 and parts[0] and parts[0][0] not in "+-([":
                return parts[1].lstrip("+") + "+" + parts[0]
            return answer.replace("(", "[", 1)


def pairs(file: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """Pairs of answers that are not whole numbers, each once."""
    rng = random.Random(seed)
    answers = dict.fromkeys(json.loads(line)["answer"] for line in gzip.decompress(file.read_bytes()).splitlines())
    kept = [answer for answer in answers if len(answer) < 80 and not re.fullmatch(r"-?\d+", answer)]
    alike: dict[str, list[str]] = {}
    for answer in kept:
        alike.setdefault(shape(answer), []).append(answer)
    drawn = (rng.choice(kept) for _ in range(count))
    return list(dict.fromkeys((answer, rewritten(answer, alike[shape(answer)], rng)) for answer in drawn))


def by_math_verify(gold: str, answer: str) -> bool | str:
    """What math-verify says within four seconds, or that it cannot."""
    signal.alarm(4)
    try:
        return worker.compare(gold, answer)
    except Exception as error:  # whatever sympy raises: it could not say
        return type(error).__name__
    finally:
        signal.alarm(0)


def against(options: Namespace) -> Result:
    """Counts, and each pair on which both speak and differ."""
    if not options.data.is_file():
        return Result({}, None, f"needs {options.data}")
    worker.warm()

    def too_long(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    counts, differ = Counter[str](), list[str]()
    for gold, answer in pairs(options.data, options.count or (30_000 if options.long else 3000), options.seed):
        if gold.strip() == answer.strip():
            counts["same text"] += 1
            continue
        ours = decide(gold, answer)
        if ours is None:
            counts["left to math-verify"] += 1
            continue
        other = by_math_verify(gold, answer)
        if isinstance(other, str):
            counts["decided, math-verify cannot say"] += 1
        else:
            counts["both say the same" if ours is other else "both differ"] += 1
            if ours is not other:
                differ.append(f"we say {ours}, math-verify {other}: {gold}  |  {answer}")
    why = "who is right where both differ is for people to say"
    return Result({**counts, "differ": differ}, None, why, [*differ, listed("Pairs", counts)])


if __name__ == "__main__":
    run(
        "math-verify", __doc__, against,
        flag("--count", type=int, help="pairs; 3,000, with --long 30,000"),
        flag("--seed", type=int, default=1),
        flag("--data", type=Path, default=DATA / "math/train_12000.jsonl.gz"),
    )  # fmt: skip
