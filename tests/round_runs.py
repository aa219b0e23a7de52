"""A made-up experiment of several rounds: two arms, a guard that stops one of them, its whole lineage."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.pipeline.arm_rows import tree_seed
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.types import (
    Attempt,
    Judgement,
    ModelRef,
    Node,
    Problem,
    Segment,
    Thought,
    Tree,
    content_hash,
    make_problem,
)

METHODS = {"journey": "traverse", "shortcut": "shortcut"}
GROWS = {"journey": (0.4, 0.55, 0.65, 0.7), "shortcut": (0.3, 0.36, 0.34, 0.3)}
STOPPED = "diversity: 0.9 distinct right ways a problem, below 50 % of round 1's 2.1; round 2's is kept."


def model_of(seed: int, arm: str, round: int) -> str:
    """The name of a round's model."""
    return f"seed-{seed}/{arm}" if round == 1 else f"seed-{seed}/round-{round}/{arm}"


def grown(seed: int, problem: Problem, policy: str, text: str, round: int = 1) -> Tree:
    """A wrong branch and a right one, by that model."""
    nodes = (
        Node(-1, f"4 - 3 = 1 ( 1 5 -> 17 ){text}", Judgement("wrong", 0.1, by="exact"), "6", False, policy, 9, 0.0),
        Node(-1, f"3 * 4 = 12 ( 5 12 -> 17 ){text}", Judgement("right", 0.9, by="exact"), "17", True, policy, 9, 1.0),
    )
    settings = {"seed": tree_seed(seed, round)}
    return Tree(content_hash("grown", seed, problem.id, policy), problem.id, nodes, policy, "exact", settings)


def thought_of(tree: Tree, arm: str, seed: int, round: int) -> Thought:
    """What the arm of that round is trained on, of that tree."""
    wrong, right = tree.nodes
    text = right.text if arm == "shortcut" else f"{wrong.text}\n{right.text}"
    at = 0 if arm == "shortcut" else len(wrong.text) + 1
    pieces = [Segment("answer", right.text, 1, at, at + len(right.text))]
    if arm != "shortcut":
        pieces.insert(0, Segment("mistake", wrong.text, 0, 0, len(wrong.text)))
    id = content_hash("thought", tree.id, arm, round)
    return Thought(id, tree.problem, tree.id, METHODS[arm], tuple(pieces), text, text, "17", seed=seed, round=round)


def answers(problems: list[Problem], seed: int, arm: str, round: int, text: str) -> list[Attempt]:
    """One answer of the round's model to each problem, right as often as its arm is by then."""
    ref = ModelRef(model_of(seed, arm, round), seed, round, arm)
    found: list[Attempt] = []
    for problem in problems:
        right = random.Random(content_hash(seed, arm, round, problem.id)).random() < GROWS[arm][round - 1]
        found.append(Attempt(
            content_hash("answer", ref.name, problem.id), problem.id, ref, "sampled", 0, f"12 + 5{text}",
            "17" if right else "6", right, None, 9, "end", seed,
        ))  # fmt: skip
    return found


def measured(arm: str, round: int) -> dict[str, float | None]:
    """What the guards measured."""
    at, falls = GROWS[arm][round - 1], arm == "shortcut"
    return {
        "accuracy": at, "low": at - 0.09, "high": at + 0.09, "gain": None if round == 1 else 8.0, "pass_at": at + 0.2,
        "first_steps": 3.0 - falls * round / 2, "right_ways": 2.1 - falls * 0.4 * round, "ngrams": 0.6, "likeness": 0.5,
        "entropy": 1.9 - 0.3 * falls * round, "tokens": 150.0 + 9 * round, "cut_off": 0.1, "repeats": 0.05 * round,
        "given": 0.4, "newly_solved": None if round == 1 else 11.0, "newly_lost": None if round == 1 else 4.0,
        "new_ways": 1 / round,
    }  # fmt: skip


def write(folder: Path, *, seeds: int = 2, rounds: int = 3, tested: bool = True, text: str = "") -> Path:
    """The run; the shortcut of seed 1 is stopped in round 3. `text` stands in every text that a model gives."""
    problems = [make_problem(f"Make 17 from 3 4 {n}", "17", task="countdown") for n in range(5, 45)]
    train, test = problems[:6], problems[6:]
    guards = {"samples": 16, "cut_off": 0.3, "repeats": 0.5, "new": 0.05}
    config: dict[str, Any] = {"recipe": {"name": "rounds", "rounds": {"count": rounds, "given": 0.3, "guards": guards}}}
    with Run.open(folder, config) as run:
        run.put_all("problems", train, split="train")
        run.put_all("problems", test, split="test")
        for seed in range(1, seeds + 1):
            run.add(Training(f"seed-{seed}/phase1", [{"step": 1, "loss": 1.0}], 900, 1.0, seed, 1, "phase1", "sft"))
            for arm in METHODS:
                _lineage(run, seed, arm, rounds, train, test if tested else [], text)
    return folder


def _lineage(run: Run, seed: int, arm: str, rounds: int, train: list[Problem], test: list[Problem], text: str) -> None:
    good, mix = f"seed-{seed}/phase1", {"given": 6}
    for round in range(1, rounds + 1):
        name, policy = model_of(seed, arm, round), good
        trees = [grown(seed, problem, policy, text, round) for problem in train]
        run.put_all("trees", trees)
        run.put_all("thoughts", [thought_of(tree, arm, seed, round) for tree in trees])
        run.put_all("attempts", answers(test, seed, arm, round, text), split="test")
        run.add(Training(name, [{"step": 1, "loss": 0.5}], 2000, 2.0, seed, round, arm, "sft"))
        is_stopped = (seed, arm, round) == (1, "shortcut", 3)
        good = good if is_stopped else name
        mix = {**mix, **({"labelled": 2} if round > 1 else {}), f"round {round}": 6}
        run.add(Round(
            seed, arm, round, policy, f"seed-{seed}/phase1", name, good, mix, measured(arm, round),
            {"temperature": 0.8, "labelled by": {"ann": 2}}, STOPPED + text if is_stopped else None,
        ))  # fmt: skip
        if is_stopped:
            return


def not_paid_for(folder: Path, round: int) -> None:
    """Adds a round of seed 1's journey that brought too little to be trained."""
    with Run.open(folder) as run:
        last = run.entries(Round, seed=1, arm="journey")[-1]
        few = {"given": 0.4, "new_ways": 0.01}
        run.add(replace(last, round=round, policy=last.good, model=None, measured=few, stopped="guard new: too few"))
