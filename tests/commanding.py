"""The command `journey` as tests give it, and small inputs for it: a recipe with a scripted model, rated rows."""

import io
import json
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from journey.__main__ import main
from journey.tasks.countdown.puzzle import Step, parse_puzzle, steps
from journey.tasks.countdown.sources import read
from journey.types import Problem

# Three numbers each, with a target that some chain of steps makes.
PUZZLES = [([3, 4, 5], 17), ([2, 7, 9], 25), ([1, 6, 8], 14), ([5, 6, 10], 40), ([2, 3, 20], 46), ([4, 9, 11], 24)]
TESTS = [([6, 7, 8], 50), ([3, 9, 12], 24)]


class Said(NamedTuple):
    """What a command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on standard output; anything else there fails."""
        return json.loads(self.out)


def journey(*arguments: object) -> Said:
    """Gives the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            return Said(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("the command always ends with an exit code")


def done(*arguments: object) -> Said:
    """Gives a command that must succeed."""
    said = journey(*arguments)
    assert said.code == 0, said.err
    return said


def write_rows(path: Path, rows: Iterable[Any]) -> Path:
    """Rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def completion(text: str, rating: int | None = 1) -> dict[str, Any]:
    """One alternative of a rated step."""
    return {"text": text, "rating": rating}


def rated(problem: str, answer: str, *steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A row in the layout of PRM800K; the first alternative of each step is the chosen one."""
    told = [{"completions": list(c), "human_completion": None, "chosen_completion": 0} for c in steps]
    question = {"problem": problem, "ground_truth_answer": answer}
    return {"question": question, "label": {"steps": told, "finish_reason": "solution"}}


def sum_row(n: int, *, answer: int | None = None) -> dict[str, Any]:
    """n + n, with a wrong step beside the right one; `answer` replaces the answer that is reached."""
    last = completion(f"So it is {2 * n}.\n\n# Answer\n\n{2 * n if answer is None else answer}")
    first = [completion(f"Add {n} and {n}."), completion(f"Multiply {n} by {n}.", -1)]
    return rated(f"What is {n} + {n}?", str(2 * n), first, [last])


def scripted_recipe(folder: Path, *, lacking: int = 0, **settings: Any) -> Path:
    """A recipe whose scripted model proposes true steps; it has no answers for the first `lacking` puzzles."""
    rows = [{"nums": numbers, "target": target} for numbers, target in PUZZLES]
    tests = [{"nums": numbers, "target": target} for numbers, target in TESTS]
    train, test = write_rows(folder / "train.jsonl", rows), write_rows(folder / "test.jsonl", tests)
    script = scripted_answers(folder / "answers.jsonl", read(train)[lacking:])
    parts = {"file": str(train), "test_file": str(test), "phase1": 0, "train": len(PUZZLES), "validation": 0}
    grow = {"width": 6, "keep": 4, "follow_wrong": 2, "depth": 2, "max_step_tokens": 24, "temperature": 1.0}
    recipe = {"model": f"scripted/{script}", "problems": parts, "trees": {"grow": grow}, **settings}
    file = folder / "scripted.yaml"
    file.write_text(json.dumps(recipe))  # every JSON text is YAML
    return file


def scripted_answers(file: Path, problems: Iterable[Problem]) -> Path:
    """What the scripted model proposes: six steps at the question (one that works among them), and all after these."""
    rows: list[dict[str, Any]] = []
    for problem in problems:
        puzzle = parse_puzzle(problem.question)
        first = small(steps(puzzle.numbers, puzzle.target))
        works = str(problem.solution).splitlines()[0]
        tried = random.Random(problem.id).sample([str(step) for step in first], min(5, len(first)))
        rows.append(_answers(problem, "", dict.fromkeys([works, *tried])))
        for step in first:
            after = [str(last) for last in small(steps(step.rest, puzzle.target))]
            rows.append(_answers(problem, f"{step}\n", after or ["no"]))
    return write_rows(file, rows)


def small(found: Iterable[Step]) -> list[Step]:
    """Those that the tiny model's vocabulary can write."""
    return [step for step in found if step.result <= 100]


def whole_answers(file: Path, problems: Iterable[Problem], text: Callable[[Problem], str]) -> Path:
    """A scripted model that answers each problem with one text."""
    return write_rows(file, (_answers(problem, "", [text(problem)]) for problem in problems))


def _answers(problem: Problem, prefix: str, texts: Iterable[str]) -> dict[str, Any]:
    return {"prompt": f"{problem.question}\n", "prefix": prefix, "completions": [f"{text}\n" for text in texts]}
