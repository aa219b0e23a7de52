"""What lists are filtered, sorted and searched by: facts about every record of a run in columns, and its words.

They lie beside the run (studio.db), hold no truth of their own, and catch up when they are asked, so that a list over a
hundred thousand records reads a page of an index and not the records. The file is made anew when it does not belong to
the run; in a folder that nobody can write to the facts are kept in memory. The run's database is only ever read.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from journey.answers.compare import decide
from journey.store.database import connect_reading, uid_of
from journey.store.faults import damaged, one_sentence
from journey.store.files import NAME as DATABASE
from journey.store.files import PATIENCE
from journey.store.schema import columns_of, opened, table_named
from journey.thoughts.behaviours import Behaviours, behaviours
from journey.trees.mark import no_thought_reason, statistics
from journey.types import Tree, label, model_from_json, problem_from_json, tree_from_json

NAME = "studio.db"
Row = Mapping[str, Any]
BATCH = 5000
VERSION = "6"  # of the columns below: another one makes the facts anew

COLUMNS: dict[str, tuple[str, ...]] = {
    "problems": (
        "id", "question", "answer", "level", "subject", "source", "split", "letters",
        "trees", "attempts", "right_attempts", "outcome",
    ),
    "trees": (
        "id", "problem", "policy", "judge", "steps", "depth", "right_leaves", "wrong_branches", "tokens", "outcome",
        "why",
    ),
    "thoughts": (
        "id", "problem", "tree", "method", "seed", "round", "letters", "trials", "refined", "note", "outcome", "judge",
    ),
    "attempts": (
        "id", "problem", "model", "arm", "seed", "decoding", "sample", "split", "answer", "outcome", "error", "tokens",
        "letters", "finish", "suite_part",
    ),
    "rollouts": (
        "id", "problem", "model", "step", "sample", "outcome", "reward", "tokens", "spent", "letters", "finish",
        "error", "way", "backtracks", "verifications", "mistakes", "recoveries", "repeats",
    ),
}  # fmt: skip
INDEXED: dict[str, tuple[str, ...]] = {
    "problems": ("level", "subject", "split", "outcome", "letters", "trees", "right_attempts"),
    "trees": ("problem", "policy", "judge", "steps", "depth", "outcome", "wrong_branches", "tokens"),
    "thoughts": ("problem", "tree", "method", "seed", "round", "letters", "trials", "outcome", "judge"),
    "attempts": ("problem", "model", "decoding", "split", "outcome", "tokens", "letters", "error"),
    "rollouts": ("problem", "model", "step", "outcome", "way", "backtracks", "recoveries"),
}
COMPARED = (  # all that comparing models asks of an attempt stands in the index
    "CREATE INDEX IF NOT EXISTS attempts_compared"
    " ON attempts (model, arm, seed, decoding, sample, split, problem, outcome, tokens)"
)
TABLES = {
    table: [
        f"CREATE TABLE IF NOT EXISTS {table} (seq INTEGER PRIMARY KEY, {', '.join(columns)})",
        f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_id ON {table} (id)",
    ]
    for table, columns in COLUMNS.items()
} | {  # only which words stand where: the texts themselves are in the run's database
    f"words_{table}": [f"CREATE VIRTUAL TABLE IF NOT EXISTS words_{table} USING fts5(text, content='')"]
    for table in COLUMNS
}
BEST = ("right", "wrong", "unknown", "none")
"""Outcomes: right; wrong; could not be checked; no answer was found. A problem's is the best of its trees, else of its
attempts; a thought's is that of the answer it ends in."""


def connect(folder: Path) -> sqlite3.Connection:
    """A connection to the facts of the run in `folder`, not caught up yet; empty where they were of another run.

    They are kept in memory in a folder that cannot be written. Raises UsageError where there is no run.
    """
    owner, path = f"{uid_of(folder)} {VERSION}", folder / NAME
    try:
        return _opened(path.absolute().as_uri(), owner)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        return _opened("file::memory:", owner)
    except sqlite3.DatabaseError:  # whatever is wrong with it, it can be made again
        remove(folder)
        return _opened(path.absolute().as_uri(), owner)


def remove(folder: Path) -> None:
    """Throws the facts away: the next connection makes them anew."""
    for ending in ("", "-wal", "-shm"):
        (folder / f"{NAME}{ending}").unlink(missing_ok=True)


def _opened(uri: str, owner: str) -> sqlite3.Connection:
    facts = sqlite3.connect(uri, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "temp_store=MEMORY"):
            facts.execute(f"PRAGMA {pragma}")
        facts.execute("BEGIN IMMEDIATE")
        facts.execute("CREATE TABLE IF NOT EXISTS done (name TEXT PRIMARY KEY, seq INTEGER, uid TEXT)")
        if facts.execute("SELECT count(*) FROM done WHERE uid IS NOT ?", (owner,)).fetchone()[0]:
            for name in TABLES:
                facts.execute(f"DROP TABLE IF EXISTS {name}")
            facts.execute("DELETE FROM done")
        for name, statements in TABLES.items():
            for statement in statements:
                facts.execute(statement)
            facts.execute("INSERT OR IGNORE INTO done VALUES (?, 0, ?)", (name, owner))
        facts.execute("COMMIT")
    except sqlite3.Error:
        facts.close()
        raise
    facts.create_function("better", 2, _better, deterministic=True)
    return facts


def catch_up(facts: sqlite3.Connection, folder: Path, table: str | None = None) -> None:
    """Reads what was written to the run since: its facts, or the words of the records of a `table`."""
    wanted = COLUMNS if table is None else (f"words_{table}",)
    with closing(connect_reading(folder)) as reading:
        # One look at the run throughout: a tree that was written meanwhile would be read before its problem is.
        reading.execute("BEGIN")
        with one_sentence(folder / DATABASE):
            newest = {name: reading.execute(_NEWEST.format(_table(name))).fetchone()[0] for name in wanted}
        for name in wanted:
            while _read_to(facts, name) < newest[name]:
                _batch(facts, reading, folder, name)
    for indexed, columns in INDEXED.items():  # after the first records, which are many at once
        for column in columns:
            facts.execute(f"CREATE INDEX IF NOT EXISTS {indexed}_{column} ON {indexed} ({column})")
    facts.execute(COMPARED)


def _read_to(facts: sqlite3.Connection, name: str) -> int:
    """The place of the last record of the run that was read into a table."""
    return int(facts.execute("SELECT seq FROM done WHERE name = ?", (name,)).fetchone()[0])


_NEWEST = "SELECT coalesce(max(seq), 0) FROM {}"


def _table(name: str) -> str:
    """The run's table that a table here is made from."""
    return name.removeprefix("words_")


def _batch(facts: sqlite3.Connection, reading: sqlite3.Connection, folder: Path, name: str) -> None:
    """The next records' facts, in one transaction: another page may be doing the same, whoever comes second skips."""
    facts.execute("BEGIN IMMEDIATE")
    try:
        kind = table_named(_table(name))
        query = f"SELECT seq, {columns_of(kind)} FROM {kind.name} WHERE seq > ? ORDER BY seq LIMIT {BATCH}"
        before = _read_to(facts, name)
        found: list[Sequence[Any]] = []
        with one_sentence(folder / DATABASE):
            for row in reading.execute(query, (before,)).fetchall():
                fields = opened(row[1:])
                if fields is None:
                    raise damaged(folder / DATABASE, f"record {row[1]} of {kind.name} does not fit its seal")
                given = dict(zip(("id", *kind.columns), row[1:], strict=False))
                row_facts = _FACTS[name](fields, given, reading) if name in _FACTS else [searched(fields)]
                found.append((row[0], *map(_storable, row_facts)))
        if found:
            columns = ", ".join(("seq", *COLUMNS[name]) if name in COLUMNS else ("rowid", "text"))
            places = ", ".join("?" * len(found[0]))
            facts.executemany(f"INSERT OR REPLACE INTO {name} ({columns}) VALUES ({places})", found)
            facts.execute("UPDATE done SET seq = ? WHERE name = ?", (found[-1][0], name))
            if name in ("trees", "attempts"):
                _tell_problems(facts, name, found)
    except BaseException:
        facts.execute("ROLLBACK")
        raise
    facts.execute("COMMIT")


def searched(fields: Row) -> str:
    """What is searched for words in a record, by its JSON form: question, steps or text."""
    if "nodes" in fields:
        return "\n".join(node["text"] for node in fields["nodes"])
    return fields["question"] if "question" in fields else fields["text"]


def _storable(value: Any) -> Any:
    """The value as SQLite takes it: half a character of UTF-16, which JSON may hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _tell_problems(facts: sqlite3.Connection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """What new trees or attempts say of their problems, which are read before them."""
    outcome = COLUMNS[table].index("outcome") + 1
    counts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    best: dict[str, str] = {}
    for row in rows:
        problem, result = row[2], row[outcome]
        counts[problem] += 1
        right[problem] += result == "right"
        best[problem] = _better(best.get(problem), result)
    if table == "trees":  # they have the word: what attempts said before them does not count
        query = "UPDATE problems SET trees = trees + ?, outcome = CASE WHEN trees THEN better(outcome, ?) ELSE ? END"
        values = [(counts[id], best[id], best[id], id) for id in counts]
    else:
        query = (
            "UPDATE problems SET attempts = attempts + ?, right_attempts = right_attempts + ?,"
            " outcome = CASE WHEN trees THEN outcome ELSE better(outcome, ?) END"
        )
        values = [(counts[id], right[id], best[id], id) for id in counts]
    facts.executemany(f"{query} WHERE id = ?", values)


def _better(one: str | None, other: str) -> str:
    return other if one is None else min(one, other, key=BEST.index)


def _problem(fields: Row, given: Row, _: sqlite3.Connection) -> Sequence[Any]:
    question = str(fields["question"])
    return (
        fields["id"], question, fields["answer"], fields["level"], fields["subject"], fields["source"],
        given["split"], len(question), 0, 0, 0, None,
    )  # fmt: skip


def _tree(fields: Row, given: Row, _: sqlite3.Connection) -> Sequence[Any]:
    tree = tree_from_json(fields)
    held = statistics(tree)
    why = no_thought_reason(tree)
    return (
        tree.id, tree.problem, tree.policy, tree.judge, held.nodes, held.depth, held.right_leaves, held.wrong_branches,
        held.tokens, tree_outcome(tree, why), why,
    )  # fmt: skip


def tree_outcome(tree: Tree, why: str | None) -> str:
    """How a tree ended, by the reason why it has no thought (null where it has one)."""
    if why is None:
        return "right"
    ends = [node.correct for node in tree.nodes if node.answer is not None]
    return "none" if not ends else "unknown" if all(correct is None for correct in ends) else "wrong"


def _thought(fields: Row, given: Row, reading: sqlite3.Connection) -> Sequence[Any]:
    trials = sum(segment["kind"] == "backtrack" for segment in fields["segments"])
    refined = int(fields["refined_by"] is not None)
    last = fields["segments"][-1]["node"] if fields["segments"] else None
    judge, is_right = _of_tree(reading, fields["tree"], last)
    if not fields["answer"].strip():
        outcome = "none"
    else:
        if is_right is None:  # no tree knows: what is plainly the known answer, or plainly another one
            known = reading.execute(_KNOWN, (fields["problem"],)).fetchone()
            is_right = decide(known[0], fields["answer"]) if known else None
        outcome = "unknown" if is_right is None else "right" if is_right else "wrong"
    return (
        fields["id"], fields["problem"], fields["tree"], fields["method"], given["seed"], fields.get("round"),
        len(fields["text"]), trials, refined, fields.get("note"), outcome, judge,
    )  # fmt: skip


_KNOWN = "SELECT json ->> '$.answer' FROM problems WHERE id = ?"
_ENDED = "SELECT judge, json_extract(json, ?) FROM trees WHERE id = ?"


def _of_tree(reading: sqlite3.Connection, tree: str | None, node: int | None) -> tuple[str | None, bool | None]:
    """Who judged the tree, and whether the answer of that step is right; null for what is not known."""
    if tree is None:
        return None, None
    place = "$.none" if node is None else f"$.nodes[{int(node)}].correct"
    judge, correct = reading.execute(_ENDED, (place, tree)).fetchone() or (None, None)
    return judge, None if correct is None else bool(correct)


def _ended(fields: Row) -> str:
    correct = fields["correct"]
    return "right" if correct else "none" if fields["answer"] is None else "unknown" if correct is None else "wrong"


def _attempt(fields: Row, given: Row, _: sqlite3.Connection) -> Sequence[Any]:
    model = model_from_json(fields["model_ref"])
    return (
        fields["id"], fields["problem"], fields["model"], label(model, over_seeds=True),
        1 if model.arm is None or model.seed is None else model.seed,
        fields["decoding"], fields["sample"], given["split"],
        fields["answer"], _ended(fields), fields["error"], fields["tokens"], len(fields["text"]), fields["finish"],
        fields.get("suite_part"),
    )  # fmt: skip


def _rollout(fields: Row, given: Row, reading: sqlite3.Connection) -> Sequence[Any]:
    known = reading.execute("SELECT json FROM problems WHERE id = ?", (fields["problem"],)).fetchone()
    found = behaviours(problem_from_json(json.loads(known[0])), fields["text"], fields["correct"]) if known else None
    rewards = [one for one in fields["rewards"].values() if one is not None]
    return (
        fields["id"], fields["problem"], fields["model"], fields["step"], fields["sample"], _ended(fields),
        sum(rewards) if rewards else None, fields["tokens"], fields["spent"]["model_tokens"], len(fields["text"]),
        fields["finish"], fields["error"], found and _way(found),
        *(getattr(found, name, None) for name in COLUMNS["rollouts"][-5:]),
    )  # fmt: skip


def _way(found: Behaviours) -> str:
    """The most telling thing that an answer does on its way."""
    if found.recoveries:
        return "recovers"
    if found.repeats:
        return "repeats a dead end"
    if found.mistakes:
        return "goes wrong"
    return "turns back" if found.backtracks else "straight on"


_FACTS: dict[str, Callable[[Row, Row, sqlite3.Connection], Sequence[Any]]] = {
    "problems": _problem,
    "trees": _tree,
    "thoughts": _thought,
    "attempts": _attempt,
    "rollouts": _rollout,
}
