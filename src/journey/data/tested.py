"""Which problems are tested, of a run, of benchmarks, files or other runs, and what that is trained on touches them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from journey.data import benchmarks, problems
from journey.data.contamination import HOW, QuestionIndex, closeness
from journey.data.trained_texts import KINDS, Found
from journey.errors import UsageError
from journey.store.run import Run
from journey.types import Problem

TESTED_PARTS = ("validation", "test")
HALF = 0.5  # of a question's words; texts that share less share a turn of phrase more often than a problem


def tested(of: Run, against: Sequence[str]) -> dict[str, list[Problem]]:
    """The tested problems by where they come from: the run's own, or those of benchmarks, files and other runs."""
    sets: dict[str, list[Problem]] = {}
    for name in against or [str(of.path)]:
        sets |= _named(of, name)
    if not any(sets.values()):
        raise UsageError(
            f"{of.path} holds no test or validation problems; name a benchmark, a file or a run with --against"
        )
    return {name: those for name, those in sets.items() if those}


def _named(of: Run, name: str) -> dict[str, list[Problem]]:
    path = Path(name)
    if (path / "run.db").is_file():
        if path.resolve() == of.path.resolve():
            return _parts(of, name)
        with Run.read(path) as other:
            return _parts(other, name)
    if path.exists():
        return {name: problems.load(name)}
    called, _, file = name.partition("=")
    known = [*benchmarks.BENCHMARKS, *(f"BBH/{task}" for task in benchmarks.BBH_TASKS)]
    if called.casefold() in {one.casefold() for one in known}:
        return {called: benchmarks.load(called, file or None).problems}
    if "/" in name and path.suffix not in (".jsonl", ".json", ".parquet", ".gz"):
        return {name: problems.load(name)}
    raise UsageError(
        f"{name} is no run, file or known benchmark; benchmarks are {', '.join(benchmarks.BENCHMARKS)} and BBH/TASK, "
        "or NAME=FILE where its file is here"
    )


def _parts(of: Run, name: str) -> dict[str, list[Problem]]:
    parts = {f"{name} {part}": list(of.problems(split=part)) for part in TESTED_PARTS}
    if not any(parts.values()):
        raise UsageError(f"{name} holds no test or validation problems; name what is tested with --against")
    return parts


def figures(
    path: Path, sets: Mapping[str, Sequence[Problem]], index: QuestionIndex, found: Found, before: int, dropped: bool
) -> dict[str, Any]:
    """What touches what, for JSON.

    `before` is how many problems were taken out of training earlier; `dropped`: whether those found here are, too.
    """
    rows: list[dict[str, Any]] = []
    of: dict[int, tuple[str, str]] = {}
    for name, those in sets.items():
        numbers = {p.id: number for p in those if (number := index.number(p.question)) is not None}
        touched = Counter(found.tested[n].how for n in numbers.values() if n in found.tested)
        rows.append({"name": name, "problems": len(those), "touched": touched.total(), **{h: touched[h] for h in HOW}})
        for id, number in numbers.items():
            of.setdefault(number, (name, id))
    pairs = sorted(found.closest.values(), key=lambda pair: (closeness(pair[0]), pair[1]))
    closest = Counter(touch.how for touch, _ in pairs)
    return {
        "run": str(path),
        "rule": asdict(index.rule),
        "against": rows,
        "compared": {"by_ngrams": index.by_words, "as_a_whole": index.by_whole, "as_questions": index.by_question},
        "looked": {kind: found.looked[kind] for kind in KINDS},
        "touching": {kind: found.touching[kind] for kind in KINDS},
        "problems": {
            "touching": len(pairs), **{how: closest[how] for how in HOW},
            "half_or_more": sum(touch.share >= HALF for touch, _ in pairs),
        },
        "excluded_before": before,
        "excluded_now": len(pairs) if dropped else 0,
        "touches": [
            {
                "problem": item.problem, "kind": item.kind, "id": item.id, "how": touch.how,
                "share": round(touch.share, 3), "shared": touch.shared, "against": of[touch.question][0],
                "tested": of[touch.question][1], "question": index.questions[touch.question],
            }
            for touch, item in pairs
        ],
    }  # fmt: skip
