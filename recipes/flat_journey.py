"""Journey learning on Countdown in plain calls: trees, thoughts, training on both kinds, evaluation; no run, no recipe.

    python recipes/flat_journey.py            # one seed, about three minutes on two cores

Read it from top to bottom, and copy what you need into a notebook. `journey run countdown` does the same with five
seeds, more arms and a report; it stores every step, goes on where it was stopped, and takes any model and judge.
"""

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from journey.evals.attempts import Decoding, attempt
from journey.judges.exact import Exact
from journey.metrics.accuracy import accuracy, mean_tokens
from journey.metrics.paired import compared
from journey.models.local import Local
from journey.models.local_threads import use_one_thread
from journey.models.weights import TINY, model_path
from journey.pipeline.arm_rows import solution_rows
from journey.tasks.table import TASKS, task_of
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.training.rows import sft_rows
from journey.training.settings import SftSettings
from journey.training.sft import train_sft
from journey.trees.grow import GrowSettings, grow
from journey.trees.mark import path, right_leaves, wrong_branches
from journey.types import Attempt, Problem, Thought, Tree

TASK = TASKS["countdown"]
# All legal first steps are followed to an answer, so that wrong branches end in a wrong answer.
GROW = GrowSettings(width=6, keep=2, follow_wrong=6, depth=2, temperature=1.0, top_p=1.0, max_step_tokens=24, seed=1)
# Side trips start from the question, 0 to 5 of them, and run on to a wrong answer.
TRAVERSE = TraverseSettings(start="root", trials=6, vary=True, least_score=0.5, to_answer=True)
SFT = SftSettings(epochs=3, batch=16, learning_rate=1e-3, seed=1)
SAMPLED = Decoding("sampled", temperature=1.0, max_tokens=600)


async def together(calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All of them at once: the model batches what is asked at the same time."""
    return list(await asyncio.gather(*calls))


def thoughts_of(tree: Tree, problem: Problem) -> tuple[Thought, Thought]:
    """The shortcut and the long thought of a tree, both to the end of its shortest right path."""
    leaf = min(right_leaves(tree), key=lambda index: len(path(tree, index)))
    short, long = straight(tree, leaf), traverse(tree, leaf, TRAVERSE, seed=1)
    return draft(tree, problem, short, TASK.narration), draft(tree, problem, long, TASK.narration)


def flat_journey(folder: Path, phase1: int = 1500, train: int = 480, test: int = 300) -> dict[str, list[Attempt]]:
    """The answers of both arms; models go into the folder. The numbers count problems."""
    use_one_thread()  # the model is so small that threads would wait for each other
    puzzles = TASK.settings()
    known = TASK.draw("train", phase1 + train, 0, puzzles, held_out=False)
    solved, problems = known[:phase1], known[phase1:]
    tests = TASK.draw("test", test, 0, puzzles, held_out=True)  # no model has ever read these

    # 1. A policy: the tiny base model learns the form of a solution from right ones.
    train_sft(model_path(TINY), solution_rows(solved, TASK), folder / "policy", SFT)
    policy = Local(folder / "policy", "policy")

    # 2. A tree for every problem: the policy proposes steps, an exact judge judges them, right ones are followed on.
    judge, grader = Exact(task_of), TASK.grader()
    growing = [grow(problem, policy, judge, grader, TASK.ask, TASK.steps, GROW) for problem in problems]
    trees: list[Tree] = asyncio.run(together(growing))

    # 3. Two thoughts of each tree that has a right end and a wrong branch.
    by_id = {problem.id: problem for problem in problems}
    usable = [tree for tree in trees if right_leaves(tree) and wrong_branches(tree)]
    pairs = [thoughts_of(tree, by_id[tree.problem]) for tree in usable]
    arms = {"shortcut": [short for short, _ in pairs], "journey": [long for _, long in pairs]}
    print(f"{len(trees)} trees, {len(usable)} of them with a right end and a wrong branch; the first long thought:")
    print(pairs[0][1].text, end="\n\n")

    # 4. Both arms are trained from the policy, on the same trees, for the same passes; then they answer the tests.
    answers: dict[str, list[Attempt]] = {}
    for arm, thoughts in arms.items():
        train_sft(folder / "policy", sft_rows(thoughts, problems, TASK.ask), folder / arm, SFT)
        model = Local(folder / arm, arm)
        asking = [attempt(p, model, grader, TASK.ask, SAMPLED, split="test", seed=1) for p in tests]
        answers[arm] = [first for (first,) in asyncio.run(together(asking))]
        right, tokens = accuracy(answers[arm]), mean_tokens(answers[arm])
        print(f"{arm}: {100 * right:.1f} % of {len(tests)} right, {tokens:.0f} tokens an answer")

    # 5. The difference on the same problems, with its 95 % interval.
    rights = {arm: {a.problem: a.correct is True for a in drawn} for arm, drawn in answers.items()}
    gain = compared([(rights["shortcut"], rights["journey"])]).difference
    print(f"journey over shortcut: {100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})")
    return answers


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        flat_journey(Path(place))
