"""What there is to label in a run, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from journey.store.labels import Label
from journey.studio.reading import NOT_RIGHT, Filter, Lists, lists_of
from journey.studio.records import tree_of, uid_of
from journey.trees.mark import is_unusable, verdict
from journey.types import content_hash

MOST = 200  # trees, thoughts or problems in a queue: more than anybody labels, and read in a moment
RANKS = {"wrong": 0, "neutral": 1, None: 2, "right": 3}

What = Literal["steps", "thoughts", "trees", "write"]
WHATS: Mapping[str, What] = {"thoughts": "thoughts", "trees": "trees", "write": "write"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a queue is made of.

    `everything` false: steps that the judge called wrong or neutral, or could not judge, in that order; true: all.
    `method`: only thoughts of it, and steps of trees with such a thought; null: any. `blind`: in an order that tells
    nothing of the judge's verdicts.
    """

    what: What = "steps"
    everything: bool = False
    method: str | None = None
    blind: bool = False


def wished(where: Mapping[str, str]) -> Wish:
    """The queue that an address names."""
    what = WHATS.get(where.get("what", ""), "steps")
    return Wish(what, where.get("which") == "all", where.get("method") or None, where.get("plain") == "1")


def queue(path: Path, wish: Wish) -> tuple[str, ...]:
    """The items in the order in which they are labelled, by their names (see `Label.about`); for "write" problems."""
    lists = lists_of(path)
    table = {"steps": "trees", "thoughts": "thoughts", "trees": "trees", "write": "problems"}[wish.what]
    return _queue(path, uid_of(path), lists.count(Filter(table)), lists.count(Filter("thoughts")), wish)


@lru_cache(maxsize=32)
def _queue(path: Path, uid: str, number: int, thoughts: int, wish: Wish) -> tuple[str, ...]:
    lists = lists_of(path)
    if wish.what == "write":
        return tuple(f"notes:{row['id']}" for row in lists.page(Filter("problems"), size=MOST))
    chosen = {} if wish.method is None else {"method": wish.method}
    if wish.what == "thoughts":
        return tuple(f"thought:{row['id']}" for row in lists.page(Filter("thoughts", chosen=chosen), size=MOST))
    trees = _trees(lists, wish)
    if wish.what == "trees":
        return tuple(f"tree:{id}" for id in trees)
    found: list[tuple[int | str, str]] = []
    for id in trees:
        tree = tree_of(path, id)
        for index, node in enumerate(tree.nodes if tree else ()):
            if not is_unusable(node) and (wish.everything or verdict(node) != "right"):
                name = f"node:{id}:{index}"
                found.append((content_hash("blind", name) if wish.blind else RANKS[verdict(node)], name))
    return tuple(name for _, name in sorted(found, key=lambda pair: pair[0]))


def _trees(lists: Lists, wish: Wish) -> list[str]:
    """The ids of the trees; where whole trees are asked for, those without a right answer first."""
    if wish.method is not None:
        query = "SELECT DISTINCT tree FROM thoughts WHERE method = ? AND tree IS NOT NULL LIMIT ?"
        return [str(row["tree"]) for row in lists.figure(query, (wish.method, MOST))]
    outcomes = (NOT_RIGHT, "right") if wish.what == "trees" else (None,)
    filters = [Filter("trees", {} if outcome is None else {"outcome": outcome}) for outcome in outcomes]
    return [str(row["id"]) for asked in filters for row in lists.page(asked, size=MOST)][:MOST]


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
