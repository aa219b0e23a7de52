"""E5, the causal test of reflection: does a right answer hang on its backtrack, or is the backtrack for show?

Of right answers that went wrong, turned back and ended right (500 a task) one recovery is taken: a wrong branch, the
remark on it, the return. The text up to there is kept as it is, or changed, and the same model goes on from it to a new
end. The share that is right again, for each change, with the paired difference to the text as it was, and the share
that is right with no further return:

- *cut*: the branch and the return are cut out; the model stands where it stood before it went wrong.
- *no return*: the remark and the return are cut out; the model stands in the wrong branch.
- *another's*: another problem's branch and return stand in their place.
- *another's branch*: another problem's branch and remark, then the answer's own return.

In kind after arXiv 2510.24941, on puzzles whose every line can be checked. Give the folders of trained models of a
task, one a seed, or of a finished run (its `models/seed-N/journey` are taken). Each (task, model) is one small JSON in
benchmarks/results; the table combines those that were measured by the same settings.
"""

import asyncio
import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench import RESULTS, Result, flag, percent, run, table

from journey.metrics.accuracy import over_seeds, share_over_seeds, t_interval
from journey.models.base import Prompt, Sampling
from journey.models.local import Local
from journey.models.weights import TINY, folder_hash, model_path
from journey.tasks.base import Task
from journey.tasks.table import TASKS
from journey.tasks.walks import walk
from journey.thoughts.behaviours import Piece, pieces
from journey.types import Problem, content_hash, content_seed

PUZZLES = ("countdown", "maze")
KEPT = "as it was"
CHANGES = ("cut", "no return", "another's", "another's branch")


@dataclass(frozen=True)
class Settings:
    """How many answers a model, and how many ends of each changed text are drawn."""

    answers: int = 100
    ends: int = 2
    max_tokens: int = 600
    temperature: float = 1.0


QUICK = Settings(answers=8, ends=2, max_tokens=300)


class Recovery(NamedTuple):
    """A right answer and one of its recoveries: the text `before`, the wrong `branch`, the `remark`, the way `back`."""

    problem: Problem
    before: str
    branch: str
    remark: str
    back: str


def recovery_of(task: Task, problem: Problem, text: str) -> Recovery | None:
    """One recovery of a right answer, drawn by its content; null where it has none."""
    assert task.ground is not None
    found, lines = pieces(problem, text), list(walk(task.ground(problem), text))
    turns = [i for i in range(1, len(found)) if is_recovery(found[i - 1], found[i])]
    if not turns:
        return None
    turn = Random(content_seed("recovery", problem.id, text)).choice(turns)
    stood = [i for i in range(turn) if lines[i].path == lines[turn].path]
    begin = found[stood[-1]].end if stood else 0
    steps = [piece for piece in found[:turn] if piece.start >= begin and piece.kind == "step"]
    end, back = steps[-1].end, found[turn]
    return Recovery(problem, text[:begin], text[begin:end], text[end : back.start], text[back.start : back.end])


def is_recovery(before: Piece, piece: Piece) -> bool:
    """Whether the piece returns from a wrong branch."""
    return piece.kind == "backtrack" and piece.right is True and piece.reach is True and before.reach is False


def changed(own: Recovery, other: Recovery) -> dict[str, str]:
    """The text that the model goes on from, by the change."""
    return {
        KEPT: own.before + own.branch + own.remark + own.back,
        "cut": own.before,
        "no return": own.before + own.branch,
        "another's": own.before + other.branch + other.remark + other.back,
        "another's branch": own.before + other.branch + other.remark + own.back,
    }


async def measure_model(task: Task, folder: Path, seed: int, settings: Settings) -> dict[str, Any]:
    """The share of right ends of each answer by change; of all, the mean tokens and the share that is right `straight`
    on, with no further return; how many answers were tried for it."""
    model, grader = Local(folder, str(folder)), task.grader()
    assert task.draw is not None
    found: list[Recovery] = []
    tried = right = 0
    try:
        for batch in range(20):
            if len(found) >= settings.answers:
                break
            name = f"causal {batch}"
            problems = task.draw(name, 2 * settings.answers, seed, task.settings and task.settings(), held_out=True)
            texts = await asyncio.gather(*(ends(model, task, p, "", 1, settings, (name, seed)) for p in problems))
            for problem, ((text, _),) in zip(problems, texts, strict=True):
                tried += 1
                if (await grader.grade(problem, text)).correct is True:
                    right += 1
                    if (recovery := recovery_of(task, problem, text)) is not None:
                        found.append(recovery)
        found = found[: settings.answers]
        rows = [
            (own, change, prefix)
            for i, own in enumerate(found)
            for change, prefix in changed(own, found[i - 1]).items()
        ]
        drawn = await asyncio.gather(
            *(
                ends(model, task, own.problem, prefix, settings.ends, settings, (change, seed))
                for own, change, prefix in rows
            )
        )
        rights: dict[str, list[float]] = {change: [] for change in (KEPT, *CHANGES)}
        tokens, straight = dict.fromkeys(rights, 0.0), dict.fromkeys(rights, 0.0)
        for (own, change, prefix), texts in zip(rows, drawn, strict=True):
            grades = [(await grader.grade(own.problem, prefix + text)).correct is True for text, _ in texts]
            rights[change].append(sum(grades) / len(grades))
            tokens[change] += sum(tokens for _, tokens in texts) / len(texts) / len(found)
            kept = (
                is_right
                and not any(
                    p.kind == "backtrack" and p.start >= len(prefix) for p in pieces(own.problem, prefix + text)
                )
                for is_right, (text, _) in zip(grades, texts, strict=True)
            )
            straight[change] += sum(kept) / len(texts) / len(found)
    finally:
        await model.close()
    return {
        "tried": tried, "right": right, "answers": len(found), "again": rights, "tokens": tokens, "straight": straight,
    }  # fmt: skip


async def ends(
    model: Local, task: Task, problem: Problem, prefix: str, n: int, settings: Settings, stream: tuple[Any, ...]
) -> list[tuple[str, int]]:
    """`n` ends of an answer that begins with `prefix`, within the length limit of whole answers, with their tokens."""
    used = len(prefix.split()) + prefix.count("\n")
    sampling = Sampling(
        temperature=settings.temperature, max_tokens=max(1, settings.max_tokens - used), n=n,
        seed=content_seed("causal", problem.id, prefix, *stream),
    )  # fmt: skip
    completions = await model.complete(Prompt(task.ask(problem, ()).text, prefix), sampling)
    return [(completion.text, completion.tokens) for completion in completions]


def folders_of(given: Sequence[str]) -> list[Path]:
    """The models of a task: folders with one each, or all `models/seed-N/journey` of a run."""
    found: list[Path] = []
    for name in given:
        inside = sorted(Path(name).glob("models/seed-*/journey"))
        found += inside or [Path(model_path(TINY) if name == TINY else name)]
    return found


def summed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The share of right ends and the mean tokens of each change, and the differences to the text as it was."""

    def of(change: str) -> list[dict[str, float]]:
        return [{f"{seed} {i}": share for i, share in enumerate(row["again"][change])} for seed, row in enumerate(rows)]

    figures: dict[str, Any] = {}
    for change in (KEPT, *CHANGES):
        share = share_over_seeds(of(change))
        pairs = zip(of(change), of(KEPT), strict=True)
        lost = over_seeds([{id: a[id] - b[id] for id in a} for a, b in pairs])
        figures[change] = {
            "right": share.value, "low": share.low, "high": share.high,
            **{key: sum(row[key][change] for row in rows) / len(rows) for key in ("tokens", "straight")},
            "straight_by_model": [row["straight"][change] for row in rows],
            "points": 100 * lost.value, "points_low": 100 * lost.low, "points_high": 100 * lost.high,
        }  # fmt: skip
    answers = sum(row["answers"] for row in rows)
    return {"models": len(rows), "answers": answers, "tried": sum(row["tried"] for row in rows), "changes": figures}


def measure(options: Namespace) -> Result:
    """Measures what has no result yet and combines all that was given."""
    settings = Settings() if options.long else QUICK
    figures: dict[str, Any] = {}
    for name in PUZZLES:
        rows: list[dict[str, Any]] = []
        given = getattr(options, name) or ([TINY] if not options.long else [])
        for folder in folders_of(given):
            work = content_hash(folder_hash(folder), asdict(settings), name, CHANGES, "straight")
            file = RESULTS / f"e5-causal-{name}-{work[:8]}.json"
            if not (options.long and file.is_file()):
                row = asyncio.run(measure_model(TASKS[name], folder, int(work, 16) % 10_000, settings))
                if options.long:
                    file.write_text(json.dumps(row) + "\n")
            else:
                row = json.loads(file.read_text())
            rows.append(row)
        if rows and all(row["answers"] for row in rows):
            figures[name] = summed(rows)
    shown = [_table(name, found) for name, found in figures.items()]
    if not options.long:
        return Result(figures, None, "the quick form has the tiny base's own walks, and few of them", shown)
    reached = bool(figures) and all(found["answers"] >= 500 for found in figures.values())
    return Result(figures, reached or None, "" if reached else "fewer than 500 answers a task", shown)


def straighter(ours: Sequence[float], kept: Sequence[float]) -> str:
    """The difference to the text as it was, in points, with Student's interval over the models."""
    if ours == kept or len(ours) < 2:
        return ""
    gap = t_interval([100 * (a - b) for a, b in zip(ours, kept, strict=True)])
    return f", {gap.value:+.1f} ({gap.low:+.1f} to {gap.high:+.1f})"


def _table(name: str, found: Mapping[str, Any]) -> Any:
    kept = found["changes"][KEPT]["straight_by_model"]
    rows = [
        (
            change,
            percent(of["right"]),
            f"{100 * of['low']:.1f} to {100 * of['high']:.1f}",
            "" if change == KEPT else f"{of['points']:+.1f} ({of['points_low']:+.1f} to {of['points_high']:+.1f})",
            percent(of["straight"]) + straighter(of["straight_by_model"], kept),
            of["tokens"],
        )
        for change, of in found["changes"].items()
    ]
    title = f"{name}: {found['answers']} right answers with a backtrack, {found['models']} models"
    return table(
        title, ("the backtrack", "right again", "95 % interval", "points", "with no further return", "tokens"), rows
    )


if __name__ == "__main__":
    run(
        "E5", __doc__, measure,
        *(flag(f"--{name}", nargs="+", metavar="FOLDER", help=f"models of {name}, or a run") for name in PUZZLES),
    )  # fmt: skip
