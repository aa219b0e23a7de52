"""A small synthetic experiment in a real run folder: two arms and more, several seeds, one tree told two ways."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journey.store.entries import Training
from journey.store.run import Run
from journey.types import (
    Attempt,
    Finish,
    Judgement,
    ModelRef,
    Node,
    Problem,
    Segment,
    SegmentKind,
    Thought,
    Tree,
    content_hash,
    make_problem,
)

CHANCE = {"phase1": 0.25, "shortcut": 0.32, "shortcut_tokens": 0.33, "journey": 0.68, "dpo": 0.7}
TOKENS = {"phase1": 26, "shortcut": 27, "shortcut_tokens": 27, "journey": 190, "dpo": 185}


def attempts_of(seed: int, arm: str, problem: Problem, decoding: str, samples: int) -> list[Attempt]:
    """Made-up answers of one arm to one problem, the same for the same arguments."""
    rng = random.Random(content_hash(seed, arm, problem.id, decoding))
    made = list[Attempt]()
    for sample in range(samples):
        draw = rng.random()
        is_right = draw < CHANCE[arm] * (0.8 if decoding == "greedy" else 1)
        is_cut = not is_right and draw > 0.93
        finish: Finish = "length" if is_cut else "end"
        answer = None if is_cut else (f"{problem.answer}" if is_right else f"wrong {rng.randrange(4)}")
        error = None if is_right else "cut off" if is_cut else rng.choice(["false sum", "wrong states restated"])
        made.append(
            Attempt(
                id=content_hash(seed, arm, problem.id, decoding, sample),
                problem=problem.id,
                model=ModelRef(f"seed-{seed}/{arm}", seed=seed, arm=arm),
                decoding=decoding,
                sample=sample,
                text=f"{problem.question}\nwait, go back to the start\nlet me check",
                answer=answer,
                correct=None if is_cut else is_right,
                error=error,
                tokens=TOKENS[arm] + rng.randrange(9),
                finish=finish,
                seed=seed,
            )
        )
    return made


def tree_of(seed: int, problem: Problem, texts: Callable[[str], str] = str) -> Tree:
    """Two right steps with a neutral and a wrong branch beside them and one that nobody judged."""
    wrong = Judgement("wrong", reason=texts("8 and 8 cannot make 41"), by="exact")
    right = Judgement("right", by="exact")
    nodes = (
        Node(-1, texts("15 - 7 = 8 ( 8 8 -> 41 )"), wrong),
        Node(-1, texts("7 * 8 = 56 ( 15 56 -> 41 )"), right),
        Node(-1, texts("15 + 8 = 23 ( 23 7 -> 41 )"), Judgement("neutral", by="exact")),
        Node(0, texts("8 + 8 = 16 ( 16 -> 41 ) no"), wrong, answer="16", correct=False),
        Node(1, texts("56 - 15 = 41 ( 41 -> 41 ) yes"), right, answer="41", correct=True),
        Node(1, texts("56 + 15 = 71 ( 71 -> 41 ) no"), None, answer="71", correct=False),
    )
    id = content_hash("tree", seed, problem.id)
    return Tree(id, problem.id, nodes, f"seed-{seed}/phase1", "exact", {"width": 6})


def thought_of(tree: Tree, method: str, told: list[tuple[SegmentKind, str, int | None]]) -> Thought:
    """A thought of the given pieces, one a line."""
    text, segments = "", list[Segment]()
    for kind, piece, node in told:
        text += "\n" if text else ""
        segments.append(Segment(kind, piece, node, len(text), len(text) + len(piece)))
        text += piece
    id = content_hash("thought", tree.id, method)
    return Thought(id, tree.problem, tree.id, method, tuple(segments), text, text, "41")


def told(tree: Tree, texts: Callable[[str], str] = str) -> list[Thought]:
    """Shortcut and long thought of `tree_of`'s tree."""
    step = [node.text for node in tree.nodes]
    right: list[tuple[SegmentKind, str, int | None]] = [("step", step[1], 1), ("step", step[4], 4)]
    trip: list[tuple[SegmentKind, str, int | None]] = [
        ("mistake", step[0], 0),
        ("mistake", step[3], 3),
        ("reflection", texts("8 and 8 cannot make 41"), 3),
        ("backtrack", texts("back to 15 7 8 -> 41"), None),
    ]
    answer: list[tuple[SegmentKind, str, int | None]] = [("answer", texts("answer 41"), 4)]
    return [thought_of(tree, "shortcut", right + answer), thought_of(tree, "traverse", trip + right + answer)]


def write_run(
    path: Path,
    *,
    seeds: int = 3,
    problems: int = 40,
    trees: int = 5,
    samples: int = 8,
    texts: Callable[[str], str] = str,
    arms: tuple[str, ...] = tuple(CHANCE),
    split: str = "test",
) -> Path:
    """A finished experiment; `texts` may spoil every text that a model or a file could have given."""
    config: dict[str, Any] = {"recipe": {"name": texts("countdown"), "trees": trees, "evaluation": {"split": split}}}
    test = [make_problem(texts(f"{i} 7 8 -> 41"), texts(f"41 by way {i}")) for i in range(problems)]
    train = [make_problem(texts(f"{i} 15 8 -> 41"), "41") for i in range(trees)]
    with Run.open(path, config) as run:
        run.put_all("problems", test, split=split)
        run.put_all("problems", train, split="train")
        for seed in range(1, seeds + 1):
            grown = [tree_of(seed, problem, texts) for problem in train]
            run.put_all("trees", grown)
            run.put_all("thoughts", [thought for tree in grown for thought in told(tree, texts)])
            for arm in arms:
                for decoding in ("sampled", "greedy"):
                    n = samples if (arm, decoding) == ("shortcut", "sampled") else 1
                    made = [a for problem in test for a in attempts_of(seed, arm, problem, decoding, n)]
                    run.put_all("attempts", made, split=split)
                curve = [{"step": s, "loss": 2 / (s + seed / 3) + 0.2} for s in range(1, 60, 3)]
                tokens = 4000 * TOKENS[arm]
                run.add(
                    Training(
                        f"seed-{seed}/{arm}",
                        curve,
                        tokens,
                        3.0,
                        seed=seed,
                        arm=arm,
                        kind="dpo" if arm == "dpo" else "sft",
                    )
                )
    return path


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished experiment of three seeds; only to be read."""
    return write_run(tmp_path_factory.mktemp("runs") / "countdown")


@pytest.fixture
def make_run() -> Callable[..., Path]:
    """`write_run`, for tests that want their own experiment."""
    return write_run
