"""Runs for the studio's tests: a small one with everything in it, big trees, and one whose every text is hostile."""

import random
from dataclasses import replace
from pathlib import Path

from picture_rows import picture
from studio.payloads import PAYLOADS

from journey.store import images
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.store.version_1 import model_ref
from journey.trees.mark import verdict
from journey.types import (
    Attempt,
    Credit,
    Judgement,
    Node,
    Problem,
    Rollout,
    Segment,
    Spent,
    Thought,
    Tree,
    Verdict,
    content_hash,
    make_problem,
)

MATH = "so \\(x_{1} = \\frac{1}{2}\\)"


def told(tree: Tree, nodes: list[int], method: str, draft: str | None = None, between: str = "\n") -> Thought:
    """A thought that tells these nodes; with `draft` it counts as refined."""
    text, segments = "", list[Segment]()
    for place, node in enumerate(nodes):
        piece = tree.nodes[node].text
        is_wrong = verdict(tree.nodes[node]) == "wrong"
        kind = "answer" if place == len(nodes) - 1 else "mistake" if is_wrong else "step"
        segments.append(Segment(kind, piece, node, len(text), len(text) + len(piece)))
        text += piece + between
        if is_wrong:
            back = "Wait, that is wrong. Let me go back."
            segments.append(Segment("backtrack", back, tree.nodes[node].parent, len(text), len(text) + len(back)))
            text += back + between
    name = content_hash("thought", tree.id, method, nodes, draft)
    return Thought(
        name, tree.problem, tree.id, method, tuple(segments), draft or text, text, tree.nodes[nodes[-1]].answer or "",
        refined_by="strong" if draft else None,
    )  # fmt: skip


def attempt(problem: Problem, number: int, text: str, answer: str | None, correct: bool | None, model: str) -> Attempt:
    """An attempt by a model."""
    name = content_hash("attempt", problem.id, number, model)
    error = None if correct else "wrong sum" if answer else "cut off"
    return Attempt(
        name, problem.id, model_ref(model), "sampled", number, text, answer, correct, error, len(text), "end", number
    )


def rollout(
    problem: Problem, step: int, sample: int, text: str, correct: bool | None, *credit: Credit, seed: int = 1
) -> Rollout:
    """A rollout of update `step` with the credit of its pieces."""
    name = content_hash("rollout", seed, problem.id, step, sample, text)
    ref, answer = model_ref(f"seed-{seed}/journey-rl"), None if correct is None else "1"
    error, rewards = None if correct else "wrong answer", {"outcome": correct and float(correct)}
    return Rollout(
        name, problem.id, ref, step, sample, text, answer, correct, error, len(text), "end", sample, rewards, credit,
        spent=Spent(len(text)),
    )  # fmt: skip


def learned(folder: Path, updates: int = 6, seeds: int = 1) -> Path:
    """Two puzzles with two rollouts at each update of a training, and its curve: the second finds its way back."""
    good, bad = "3 * 4 = 12 ( 5 12 -> 17 )\n", "4 - 3 = 1 ( 1 5 -> 17 )\n"
    back, end = "Back to ( 3 4 5 -> 17 )\n", "12 + 5 = 17 ( 17 -> 17 )\nYes , 17 is 17\n"
    puzzles = [make_problem(f"Make 17 from 3 4 {n}", "17", task="countdown") for n in (5, 6)]
    found = [
        rollout(puzzle, step, sample, text, correct, *(Credit(at, at + n, c, v) for at, n, c, v in pieces), seed=seed)
        for seed in range(1, seeds + 1)
        for puzzle in puzzles
        for step in range(updates)
        for sample, (text, correct, pieces) in enumerate((
            (good + end, True, [(0, len(good), 0.1, 1.0), (len(good), len(end), 0.4 / (step + 1), None)]),
            (bad + back + good + end, step > 2, [(0, len(bad), -0.5, 0.0), (len(bad), len(back), 0.3, 0.5)]),
        ))
    ]  # fmt: skip
    with Run.open(folder) as run:
        run.put_all("problems", puzzles, split="train")
        run.put_all("rollouts", found)
        for seed in range(1, seeds + 1):
            curve = [{"step": n, "tokens": 100 * n, "check": {"problems": 20, "right": 7 + n + seed}}
                     for n in range(updates)]  # fmt: skip
            run.add(Training(f"seed-{seed}/journey-rl", curve, 600, 1.0, seed, None, "journey-rl", "rl"))
    return folder


def small(folder: Path) -> Path:
    """Three problems with a right, a wrong and an unfinished tree, one without; thoughts and attempts; two pictures."""
    subjects = ("Algebra", "Geometry", "Algebra", None)
    problems = [
        make_problem(f"What is \\({n} + 1\\)?", str(n + 1), level=f"Level {1 + n % 2}", subject=subjects[n])
        for n in range(4)
    ]  # fmt: skip
    trees = []
    for problem, ending in zip(problems[:3], (True, False, None), strict=True):
        nodes = (
            Node(-1, f"Let us start with {MATH}.", Judgement("right", 0.9, None, "critic"), tokens=5),
            Node(0, "A wrong turn.", Judgement("wrong", 0.1, "because \\(1 \\neq 2\\)", "critic"), tokens=4),
            Node(1, "It ends badly.", Judgement("wrong", 0.05, "no", "critic"), "0", False, tokens=3),
            Node(0, "A neutral remark.", Judgement("neutral", 0.5, None, "critic"), tokens=2),
            Node(0, "Nobody could say.", Judgement(None, None, "unreadable", "critic"), tokens=2),
            Node(0, "And so it is.", Judgement("right", 0.8, None, "critic"),
                 problem.answer if ending else "9" if ending is False else None, ending, tokens=6),
        )  # fmt: skip
        nodes = nodes if ending is not None else tuple(n for n in nodes if n.correct is None)
        nodes = nodes if ending is not None else tuple(Node(-1, n.text, n.judgement) for n in nodes)
        trees.append(Tree(content_hash("tree", problem.id), problem.id, nodes, "policy", "critic"))
    long = told(trees[0], [0, 1, 2, 5], "traverse")
    refined = told(trees[0], [0, 1, 2, 5], "refined", draft=long.text.replace("badly", "very badly indeed"))
    attempts = [
        attempt(p, n, f"Wait, alternatively it is {n}.", str(n), str(n) == p.answer, f"model-{n % 2}")
        for p in problems
        for n in range(4)
    ]  # fmt: skip
    attempts.append(attempt(problems[3], 9, "I do not know", None, None, "model-1"))
    with Run.open(folder) as run:
        shown = tuple(images.put(folder, picture("red", form), "a picture") for form in ("PNG", "WEBP"))
        problems[0] = replace(problems[0], images=shown)
        run.put_all("problems", problems, split="test")
        run.put_all("trees", trees)
        run.put_all("thoughts", [replace(t, seed=1) for t in (told(trees[0], [0, 5], "shortcut"), long, refined)])
        run.put_all("attempts", attempts, split="test")
        run.put_all("rollouts", [rollout(problems[0], n, 0, "Wait.", bool(n), Credit(0, 5, n - 0.5)) for n in range(2)])
    return folder


def big_tree(size: int) -> Tree:
    """A tree of that many nodes with a right path of twelve; every text says its number and has a formula."""
    rng = random.Random(size)
    verdicts: tuple[Verdict | None, ...] = ("right", "wrong", "neutral", None)
    nodes = []
    for i in range(size):
        on_path = i < 12
        parent = (
            i - 1
            if on_path
            else rng.randrange(-1, 11)
            if rng.random() < 0.3
            else rng.randrange(max(12, i - 300), i)
            if i > 12
            else 0
        )
        answer = "42" if i == 11 else "7" if not on_path and rng.random() < 0.2 else None
        judgement = Judgement("right" if on_path else rng.choice(verdicts), rng.random(), "a reason", "critic")
        text = f"Step number {i}: \\(x_{{{i}}} = \\frac{{{i}}}{{2}}\\)"
        nodes.append(
            Node(parent, text, judgement, answer, None if answer is None else on_path, "policy", rng.randrange(40))
        )
    problem = make_problem(f"A tree of {size}", "42")
    return Tree(content_hash("big", size), problem.id, tuple(nodes), "policy", "critic")


def big(folder: Path, sizes: tuple[int, ...] = (100, 1000, 10_000)) -> Path:
    """Big trees with a thought each."""
    with Run.open(folder) as run:
        for size in sizes:
            tree = big_tree(size)
            run.put_all("problems", [make_problem(f"A tree of {size}", "42")])
            run.put_all("trees", [tree])
            run.put_all("thoughts", [told(tree, [0, 1, 2, *range(3, 12)], "traverse")])
    return folder


SHAPES = ("chain", "star", "comb", "single", "empty")


def shapes(folder: Path, size: int = 10_000) -> Path:
    """Trees of extreme shape: one path, one step's children, a path with a side step each, one step, none at all."""
    parents = {
        "chain": range(-1, size - 1), "star": [-1] * size, 
        "comb": [i - 2 + i % 2 if i > 1 else -1 for i in range(size)], "single": [-1], "empty": [],
    }  # fmt: skip
    with Run.open(folder) as run:
        for name in SHAPES:
            problem = make_problem(name, "42")
            nodes = tuple(Node(parent, f"Step number {i}: x") for i, parent in enumerate(parents[name]))
            run.put_all("problems", [problem])
            run.put_all("trees", [Tree(content_hash("shape", name), problem.id, nodes)])
    return folder


def hostile(folder: Path) -> Path:
    """One problem a payload, and one tree, thought and attempt that say all of them."""
    problems = [
        replace(make_problem(payload, payload, level=payload, subject=payload, solution=payload), images=(payload,))
        for payload in PAYLOADS
    ]
    nodes = tuple(
        Node(i - 1 if i % 9 else -1, payload, Judgement("right", 1.0, payload, payload), payload, True, payload, 1)
        for i, payload in enumerate(PAYLOADS)
    )
    tree = Tree(content_hash("hostile"), problems[0].id, nodes, PAYLOADS[0], PAYLOADS[1])
    thought = told(tree, list(range(len(nodes))), PAYLOADS[3], draft="".join(PAYLOADS))
    attempts = [attempt(problems[0], n, text, text, False, text) for n, text in enumerate(PAYLOADS)]
    attempts.append(attempt(problems[0], 999, "\n".join(PAYLOADS), None, None, "all"))
    with Run.open(folder) as run:
        run.put_all("problems", problems, split="test")
        run.put_all("trees", [tree])
        run.put_all("thoughts", [thought])
        run.put_all("attempts", attempts, split=PAYLOADS[5])
        text = "\n".join(PAYLOADS)
        spans = [Credit(-3, 9, 1.0), Credit(5, 40, -0.5, 0.1), Credit(30, 20, 0.2), Credit(90, 10**9, 0.7)]
        run.put_all("rollouts", [
            replace(rollout(problems[0], n, n, text, None, *spans), rewards={payload: None}, error=payload, shared=7)
            for n, payload in enumerate(PAYLOADS[:9])
        ])  # fmt: skip
        for p in PAYLOADS[:9]:
            figures = {"accuracy": 0.5, "low": 0.4, "high": 0.6, f"accuracy {p}": 0.5}
            run.add(Round(1, p, 1, PAYLOADS[0], p, p, p, {"given": 2, p: 3}, figures, {p: p}, p))
    return folder
