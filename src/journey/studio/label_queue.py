"""What there is to label in a run, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from journey.store.labels import Label
from journey.studio.label_worth import worth
from journey.studio.reading import NOT_RIGHT, Filter, Lists, lists_of
from journey.studio.records import tree_of, uid_of
from journey.trees.mark import is_unusable, verdict
from journey.types import content_hash

MOST = 200  # trees, thoughts or problems in a queue: more than anybody labels, and read in a moment
RANKS = {"wrong": 0, "neutral": 1, None: 2, "right": 3}

What = Literal["steps", "thoughts", "trees", "write"]
WHATS: Mapping[str, What] = {"thoughts": "thoughts", "trees": "trees", "write": "write"}


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What a queue is made of.

    `everything` false: steps that the judge called wrong or neutral, or could not judge, in that order; true: all.
    `method`: only thoughts of it, and steps of trees with such a thought; null: any. `blind`: in an order that tells
    nothing of the judge's verdicts. `worth`: what is worth a look comes first, right steps among it.
    """

    what: What = "steps"
    everything: bool = False
    method: str | None = None
    blind: bool = False
    worth: bool = False


def queue_settings(where: Mapping[str, str]) -> QueueSettings:
    """The queue that an address names."""
    what = WHATS.get(where.get("what", ""), "steps")
    is_blind = where.get("plain") == "1"
    is_by_worth = where.get("order") == "worth" and not is_blind
    return QueueSettings(what, where.get("which") == "all", where.get("method") or None, is_blind, is_by_worth)


def queue(path: Path, queued: QueueSettings) -> tuple[str, ...]:
    """The items in the order in which they are labelled, by their names (see `Label.about`); for "write" problems."""
    lists = lists_of(path)
    table = {"steps": "trees", "thoughts": "thoughts", "trees": "trees", "write": "problems"}[queued.what]
    counts = lists.count(Filter(table)), lists.count(Filter("thoughts"))
    usual = _queue(path, uid_of(path), *counts, replace(queued, worth=False))
    if not queued.worth:
        return usual
    first = worth(path)
    names = (
        _queue(path, uid_of(path), *counts, replace(queued, worth=False, everything=True)) if queued.method else first
    )
    found = [name for name in names if name in first and name.partition(":")[0] in _KINDS[queued.what]]
    return tuple(dict.fromkeys([*sorted(found, key=lambda name: (-first[name].score, name))[:MOST], *usual]))


_KINDS: Mapping[What, str] = {"steps": "node", "thoughts": "thought", "trees": "tree", "write": "notes"}


@lru_cache(maxsize=32)
def _queue(path: Path, uid: str, number: int, thoughts: int, queued: QueueSettings) -> tuple[str, ...]:
    lists = lists_of(path)
    if queued.what == "write":
        return tuple(f"notes:{row['id']}" for row in lists.page(Filter("problems"), size=MOST))
    chosen = {} if queued.method is None else {"method": queued.method}
    if queued.what == "thoughts":
        return tuple(f"thought:{row['id']}" for row in lists.page(Filter("thoughts", chosen=chosen), size=MOST))
    trees = _trees(lists, queued)
    if queued.what == "trees":
        return tuple(f"tree:{id}" for id in trees)
    found: list[tuple[int | str, str]] = []
    for id in trees:
        tree = tree_of(path, id)
        for index, node in enumerate(tree.nodes if tree else ()):
            if not is_unusable(node) and (queued.everything or verdict(node) != "right"):
                name = f"node:{id}:{index}"
                found.append((content_hash("blind", name) if queued.blind else RANKS[verdict(node)], name))
    return tuple(name for _, name in sorted(found, key=lambda pair: pair[0]))


def _trees(lists: Lists, queued: QueueSettings) -> list[str]:
    """The ids of the trees; where whole trees are asked for, those without a right answer first."""
    if queued.method is not None:
        query = "SELECT DISTINCT tree FROM thoughts WHERE method = ? AND tree IS NOT NULL LIMIT ?"
        return [str(row["tree"]) for row in lists.figure(query, (queued.method, MOST))]
    outcomes = (NOT_RIGHT, "right") if queued.what == "trees" else (None,)
    filters = [Filter("trees", {} if outcome is None else {"outcome": outcome}) for outcome in outcomes]
    return [str(row["id"]) for one_filter in filters for row in lists.page(one_filter, size=MOST)][:MOST]


def label_of(item: str, annotator: str) -> Label | None:
    """An empty label for the item of that name; null where it names none."""
    kind, _, rest = item.partition(":")
    if kind == "thought" and rest:
        return Label("thought", annotator, thought=rest)
    if kind == "tree" and rest:
        return Label("tree", annotator, tree=rest)
    tree, _, node = rest.rpartition(":")
    if kind == "node" and tree and node.isdecimal() and len(node) < 10:
        return Label("node", annotator, tree=tree, node=int(node))
    return None


def after(items: tuple[str, ...], item: str, done: frozenset[str]) -> str | None:
    """The next item that is not done, from the one after `item` round to it; null where all are done."""
    at = items.index(item) + 1 if item in items else 0
    return next((one for one in (*items[at:], *items[:at]) if one not in done and one != item), None)


def beside(items: tuple[str, ...], item: str, way: int) -> str | None:
    """The item `way` places on; null at either end."""
    at = items.index(item) + way if item in items else 0
    return items[at] if 0 <= at < len(items) else None
