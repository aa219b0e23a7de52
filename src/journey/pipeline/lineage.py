"""Where a record or a model comes from: thought, tree, the model that grew it, what that was trained on, the base."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from journey.errors import UsageError
from journey.models.weights import TINY, model_path
from journey.pipeline.arm_rows import model_name, tree_seed
from journey.pipeline.arms import ARMS, source_of
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.types import Attempt, Rollout, Thought, Tree, label


@dataclass(frozen=True, slots=True)
class Origin:
    """One link of a lineage: an id or a model's name, its round (null: it has none), and what is known of it.

    A model that was not trained in the run is a "base", of which nothing more is known.
    """

    kind: Literal["thought", "tree", "attempt", "rollout", "model", "base"]
    name: str
    round: int | None
    about: Mapping[str, Any]


def lineage(run: Run, id: str) -> list[Origin]:
    """The way from a thought, tree, attempt, rollout or model of the run to the base model, that one first.

    A model's links are itself, then those of the model that grew the trees it was trained on, then those of the model
    it started from, each model once. Raises UsageError where the run knows no such id or name.
    """
    return _Walk(run).origins(id)


def lineage_json(found: list[Origin]) -> list[dict[str, Any]]:
    """The links as JSON."""
    return [asdict(one) for one in found]


def words_of(about: Mapping[str, Any]) -> str:
    """What is known of a link in words: "trained by sft, tokens 2,000, on 6 given + 6 round 1"."""
    return ", ".join(f"{name} {_shown(value)}" for name, value in about.items() if value not in (None, {}))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{n:,} {name}" for name, n in value.items())
    return f"{value:,}" if type(value) is int else f"{value:.0%}" if isinstance(value, float) else str(value)


class _Walk:
    """A way back through one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rounds = run.entries(Round)
        self._trained = {entry.model: entry for entry in run.entries(Training)}
        self._seen: set[str] = set()

    def origins(self, id: str) -> list[Origin]:
        for table in ("thoughts", "trees", "attempts", "rollouts"):
            match self._run.get(table, id):
                case Thought() as thought:
                    return list(self._thought(thought))
                case Tree() as tree:
                    return list(self._tree(tree))
                case Attempt() | Rollout() as answer:
                    return list(self._answer(answer))
                case _:
                    pass
        if id in self._trained or any(id in (one.model, one.policy, one.start) for one in self._rounds):
            return list(self._model(id))
        raise UsageError(
            f"{self._run.path} knows no thought, tree, attempt or model {id!r}; journey export gives the ids of "
            "records, journey status --json the names of models"
        )

    def _thought(self, of: Thought) -> Iterator[Origin]:
        about = {"by": of.method, "seed": of.seed, "problem": of.problem, "refined by": of.refined_by, "note": of.note}
        yield Origin("thought", of.id, of.round, about)
        tree = None if of.tree is None else self._run.tree(of.tree)
        if tree is not None:
            yield from self._tree(tree)
        elif (made := self._round_of(of)) is not None:
            yield from self._model(made.policy)

    def _tree(self, of: Tree) -> Iterator[Origin]:
        about = {"grown by": of.policy, "judged by": of.judge, "steps": len(of.nodes), "problem": of.problem}
        rounds = (one for one in self._rounds if one.policy == of.policy)
        number = next((r.round for r in rounds if of.settings.get("seed") == tree_seed(r.seed, r.round)), None)
        yield Origin("tree", of.id, number, about)
        yield from self._model(of.policy)

    def _answer(self, of: Attempt | Rollout) -> Iterator[Origin]:
        verdict = {True: "right", False: "wrong", None: "not checkable"}[of.correct]
        kind, step = ("attempt", None) if isinstance(of, Attempt) else ("rollout", of.step)
        about = {"by": label(of.model), "answer": verdict, "update": step, "problem": of.problem}
        yield Origin(kind, of.id, of.model.round, about)
        yield from self._model(of.model.name)

    def _round_of(self, thought: Thought) -> Round | None:
        """The round that a thought without a tree was made in."""
        arms = {name for name, arm in ARMS.items() if arm.method == thought.method}
        key = thought.seed, thought.round or 1
        return next((one for one in self._rounds if one.arm in arms and (one.seed, one.round) == key), None)

    def _model(self, name: str) -> Iterator[Origin]:
        if not name or name in self._seen:
            return
        self._seen.add(name)
        entry, made = self._trained.get(name), next((one for one in self._rounds if one.model == name), None)
        start = made.start if made else self._start(name, entry)
        if start is None:
            yield Origin("base", name, None, {})
            return
        about: dict[str, Any] = {"trained by": entry and entry.kind, "from": start, "tokens": entry and entry.tokens}
        if made is not None:
            policy: str | None = made.policy
            about |= {"on": {part: n for part, n in made.mix.items() if n}, "given share": made.measured.get("given")}
            about |= {"labelled by": made.settings.get("labelled by"), "stopped": made.stopped}
        else:
            rows, policy = self._rows(entry)
            about |= {"on": rows}
        yield Origin("model", name, entry.round if entry else None, about | {"trees by": policy})
        yield from self._model(policy or "")
        yield from self._model(start)

    def _start(self, name: str, entry: Training | None) -> str | None:
        """What a model was trained from: as its folder says, else as its arm has it; null: it was not trained here."""
        try:
            file = self._run.path / "models" / name / "training.json"
            path = str(json.loads(file.read_text(encoding="utf-8"))["model"])
        except (OSError, ValueError, KeyError, TypeError):
            return None if entry is None else self._needed(entry)
        if path == model_path(TINY) or path.endswith("/journey/models/tiny"):
            return TINY
        known = [other for other in self._trained if path.endswith(f"/models/{other}")]
        return max(known, key=len, default=path)

    def _needed(self, entry: Training) -> str:
        recipe = self._recipe()
        needs = source_of(entry.arm, list(recipe.get("arms", {}))) if entry.arm in ARMS else None
        if needs is not None and entry.seed is not None:
            return model_name(entry.seed, needs)
        return str(recipe.get("student") or recipe.get("model") or "an unknown base")

    def _recipe(self) -> Mapping[str, Any]:
        found = self._run.config.get("recipe")
        return found if isinstance(found, Mapping) else {}

    def _rows(self, entry: Training | None) -> tuple[dict[str, int], str | None]:
        """What an arm outside of rounds is trained on, and which model grew the trees of its thoughts."""
        arm = ARMS.get(entry.arm or "") if entry else None
        if entry is None or arm is None:
            return {}, None
        if arm.method is None:
            solved = sum(p.solution is not None for p in self._run.problems(split="phase1")) if arm.policy else 0
            return ({"given": solved} if solved else {}), None
        where = {"method": arm.method, "seed": entry.seed}
        if not (number := self._run.count("thoughts", **where)):
            where["seed"] = None  # trees that every seed has alike
            number = self._run.count("thoughts", **where)
        tree = next((self._run.tree(t.tree) for t in self._run.thoughts(**where) if t.tree is not None), None)
        return {f"thoughts by {arm.method}": number}, tree and tree.policy
