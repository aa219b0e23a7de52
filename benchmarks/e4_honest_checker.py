"""E4: does the strict Countdown checker accept anything false? Mutated solutions against an independent oracle."""

import ast
import random
import re
from argparse import Namespace
from collections import Counter
from fractions import Fraction

from bench import Result, listed, run, table

from journey.tasks.countdown.checker import grade
from journey.tasks.countdown.exploration import ground
from journey.tasks.countdown.puzzle import Puzzle, back_text, draw, made_text, question, solutions
from journey.tasks.exploration import document

STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+) \( ([\d ]+)-> (\d+) \)")


def solution_text(puzzle: Puzzle, rng: random.Random) -> str:
    """A true answer: a chain, or a walk with returns whose last chain starts at the question."""
    chain = "\n".join(map(str, rng.choice(list(solutions(puzzle)))))
    before = document(ground(puzzle), rng, rng.choice((0, 1, 2, 3))).removeprefix(question(puzzle)).strip()
    if before and not before.endswith(made_text(puzzle.target)) and "<end>" not in before:
        return f"{before}\n{back_text(puzzle.numbers, puzzle.target)}\n{chain}\n{made_text(puzzle.target)}"
    return f"{chain}\n{made_text(puzzle.target)}"


def mutate(text: str, puzzle: Puzzle, rng: random.Random) -> tuple[str, str]:
    """One random damage to a text: its kind and the new text."""
    lines = text.split("\n")
    steps = [i for i, line in enumerate(lines) if STEP.fullmatch(line)]
    at = rng.choice(steps)
    kind = rng.choice(("number", "operator", "drop a step", "repeat a step", "swap steps", "false end", "result"))
    if kind == "number":
        words = lines[at].split(" ")
        places = [i for i, word in enumerate(words) if word.isdigit()]
        words[rng.choice(places)] = str(rng.randint(0, 100))
        lines[at] = " ".join(words)
    elif kind == "operator":
        words = lines[at].split(" ")
        words[1] = rng.choice([op for op in "+-*/" if op != words[1]])
        lines[at] = " ".join(words)
    elif kind == "drop a step":
        del lines[at]
    elif kind == "repeat a step":
        lines.insert(rng.randint(0, len(lines)), lines[at])
    elif kind == "swap steps":
        other = rng.choice(steps)
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "false end":
        match = STEP.fullmatch(lines[steps[-1]])
        wrong = rng.choice([op for op in "+-*/" if op != match[2]])
        lines[steps[-1]] = f"{match[1]} {wrong} {match[3]} = {puzzle.target} ( {puzzle.target} -> {puzzle.target} )"
    else:
        match = STEP.fullmatch(lines[at])
        result = rng.randint(0, 100)
        lines[at] = f"{match[1]} {match[2]} {match[3]} = {result} ( {match[5]}-> {match[6]} )"
    return kind, "\n".join(lines)


def is_honest(puzzle: Puzzle, answer: str, text: str) -> bool:
    """The oracle: Python's own parser and fractions, and none of the checker's code.

    The answer uses every number once and makes the target, and as many of the text's last steps as the puzzle needs
    are true.
    """
    tree = ast.parse(answer, mode="eval").body
    used = sorted(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    if used != sorted(puzzle.numbers) or compute(tree) != puzzle.target:
        return False
    steps = [STEP.fullmatch(line) for line in text.split("\n") if STEP.fullmatch(line)]
    return all(compute(ast.parse(f"{m[1]} {m[2]} {m[3]}", mode="eval").body) == int(m[4]) for m in steps[-1:])


def compute(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(node.value)
    left, right = compute(node.left), compute(node.right)
    match node.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case _:
            return left / right if right else Fraction(-1)


def honest_checker(options: Namespace) -> Result:
    rng = random.Random(4)
    kinds, accepted, false_accepts, lenient, false_rejects, honest = Counter(), Counter(), 0, 0, 0, 0
    total = 100_000 if options.long else 10_000
    while sum(kinds.values()) < total:
        puzzle = draw(rng)
        text = solution_text(puzzle, rng)
        honest += 1
        false_rejects += grade(puzzle, text).correct is not True
        kind, damaged = mutate(text, puzzle, rng)
        if damaged == text:
            continue
        kinds[kind] += 1
        verdict = grade(puzzle, damaged)
        last = [m for line in damaged.split("\n") if (m := STEP.fullmatch(line))]
        lenient += bool(last) and int(last[-1][4]) == puzzle.target
        if verdict.correct is True:
            accepted[kind] += 1
            false_accepts += not is_honest(puzzle, verdict.answer or "0", damaged)
    figures = {
        "mutated": total, "accepted": sum(accepted.values()), "false_accepts": false_accepts, "untouched": honest,
        "false_rejects": false_rejects, "ends_in_target": lenient,
    }  # fmt: skip
    columns = ("damage", "texts", "accepted (the last chain is still sound)")
    shown = table("The strict checker on mutated solutions", columns,
                  [(kind, count, accepted[kind]) for kind, count in sorted(kinds.items())])  # fmt: skip
    return Result(figures, false_accepts == 0 and false_rejects == 0, "", [shown, listed("Figures", figures)])


if __name__ == "__main__":
    run("E4", __doc__, honest_checker)
