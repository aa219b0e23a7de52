"""What a run holds in figures, and what a recipe has made in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from journey.data.problems import GENERAL, PARTS
from journey.data.texts import set_of
from journey.pipeline.derive import counts_of
from journey.pipeline.recipe import Recipe
from journey.pipeline.stages import served_by_server, spent_by_model
from journey.store.entries import ImportListing, Training
from journey.store.excluded import excluded
from journey.store.labels import Saying, by_annotator, labels, written
from journey.store.run import Run
from journey.thoughts.draft import chosen
from journey.thoughts.star import is_hinted
from journey.thoughts.traverse import has_side_trip
from journey.trees.mark import no_thought_reason, wrong_branches
from journey.types import Thought, Tree, label

TRAVERSE = "traverse"


def holdings(of: Run) -> dict[str, Any]:
    """What a run holds: problems by part, trees, thoughts by method, models, attempts, labels, spending, failures."""
    tried: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for attempt in of.attempts():
        key = label(attempt.model), attempt.decoding
        tried[key] += 1
        right[key] += attempt.correct is True
    parts = {part: n for part in (*PARTS, GENERAL) if (n := of.count("problems", split=part))}
    if others := of.count("problems") - sum(parts.values()):
        parts["no part"] = others
    listed = Counter(one.kind for one in of.entries(ImportListing))
    models = [entry.model for entry in of.entries(Training)]
    return {
        "problems": parts,
        "excluded": len(excluded(of)),
        "trees": tree_counts(of.trees()),
        "thoughts": dict(sorted(Counter(map(set_of, of.thoughts())).items())),
        "side_trips": side_trips(of.thoughts()),
        "models": models,
        "attempts": [
            {"model": model, "decoding": decoding, "attempts": n, "right": right[model, decoding]}
            for (model, decoding), n in sorted(tried.items())
        ],
        "rollouts": {name: n for name in models if (n := of.count("rollouts", name=name))},
        "labels": _by_author(labels(of.path)),
        "notes": _by_author(written(of.path)),
        "listed": dict(sorted(listed.items())),
        "spent": spent_by_model(of),
        "servers": served_by_server(of),
        "failures": [asdict(failure) for failure in of.failures()],
    }


def in_short(held: dict[str, Any]) -> dict[str, Any]:
    """The same in few figures; `cost` is null where a price is not known."""
    costs = [row["cost"] for row in held["spent"]]
    return {
        "problems": sum(held["problems"].values()),
        "trees": held["trees"]["trees"],
        "with_right_leaf": held["trees"]["with_right_leaf"],
        "thoughts": sum(held["thoughts"].values()),
        "attempts": sum(row["attempts"] for row in held["attempts"]),
        "right": sum(row["right"] for row in held["attempts"]),
        "failed": len(held["failures"]),
        "calls": sum(row["calls"] for row in held["spent"]),
        "tokens": sum(row["prompt_tokens"] + row["tokens"] for row in held["spent"]),
        "cost": None if None in costs else sum(costs),
        "server_errors": sum(row["failures"] for row in held["servers"]),
    }


def _by_author(all: Iterable[Saying]) -> dict[str, int]:
    """How many each person submitted."""
    return {name: len(of) for name, of in by_annotator(one for one in all if one.state == "submitted").items()}


def tree_counts(trees: Iterable[Tree]) -> dict[str, Any]:
    """How many trees, how many with a right leaf and a wrong branch beside it, and why the others give no thought.

    Also how many of their steps have a value.
    """
    number = branched = measured = 0
    reasons: Counter[str] = Counter()
    for tree in trees:
        number += 1
        measured += sum(node.value is not None for node in tree.nodes)
        reason = no_thought_reason(tree)
        if reason is None:
            branched += bool(wrong_branches(tree))
        else:
            reasons[reason] += 1
    return {
        "trees": number,
        "with_right_leaf": number - reasons.total(),
        "with_wrong_branches": branched,
        "no_thought": dict(reasons.most_common()),
        "steps_with_value": measured,
    }


def side_trips(thoughts: Iterable[Thought]) -> dict[str, int]:
    """Of thoughts by the methods that walk a tree with side trips: how many have one at all, retold ones aside."""
    found: dict[str, int] = {}
    for thought in thoughts:
        if thought.method == TRAVERSE and thought.language is None:
            found[TRAVERSE] = found.get(TRAVERSE, 0) + has_side_trip(thought)
    return found


def made_by(of: Run, wanted: Recipe, written: dict[str, int], spent: list[dict[str, Any]]) -> dict[str, Any]:
    """What a recipe that compares nothing has made."""
    methods = wanted.thoughts.methods
    counted = {method: counts_of(of, method) for method in methods}
    return {
        "run": str(of.path),
        "problems": of.count("problems"),
        **tree_counts(of.trees()),
        "thoughts": {method: _thoughts(of, method, wanted.target_language) for method in methods},
        "side_trips": side_trips(of.thoughts()),
        "refused": {method: dict(found.refused) for method, found in counted.items() if found.refused},
        "problems_without_thought": {
            method: dict(found.no_thought) for method, found in counted.items() if found.no_thought
        },
        "rows": written,
        "models": [str(of.path / "models" / f"seed-{wanted.first_seed}" / arm) for arm in wanted.arms],
        "failed": len(of.failures()),
        "spent": spent,
    }


def _thoughts(of: Run, method: str, language: str | None) -> dict[str, int]:
    """How many thoughts a method gave; how many were refined, written with a hint, and kept as drafts instead.

    With a `language` how many were retold in it, and how many were kept out of it.
    """
    everything = list(of.thoughts(method=method))
    found, retold = chosen(everything), [t for t in everything if t.language == language]
    done = sum(t.refined_by is not None for t in retold)
    spread = {} if language is None else {f"retold in {language}": done, "kept in their language": len(retold) - done}
    return spread | {
        "thoughts": len(found),
        "refined": sum(t.refined_by is not None for t in found),
        "with a hint": sum(map(is_hinted, found)),
        "draft kept": sum(t.note is not None and not is_hinted(t) for t in found),
    }
