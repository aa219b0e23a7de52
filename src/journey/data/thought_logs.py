"""The public logs of Tree of Thoughts as trees (Yao et al., arXiv 2305.10601; princeton-nlp/tree-of-thought-llm).

The Game of 24, breadth first: a row a puzzle whose `steps` list the beam (`ys`), the thoughts proposed (`new_ys`, each
with the whole text so far) and the sums of their votes (`values`: 20, 1 or 0.001 a vote). A step that reads "4 + 7 = 11
(left: 2 11)" is written in the puzzle's own words; any other stays as it stands.

Mini crosswords, depth first: a row a puzzle whose `visits` list the words filled in (`actions`), the votes on the rest
(`count`) and the share of right words (`info`). A file of the puzzles (rows with `clues` and `board`) beside it gives
question and answer; without one the problem has no answer, and a solved board is known by the log alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from journey.answers.grade import Grader
from journey.data.row_records import Imported, NoRecord, Place, places, read_records
from journey.judges.value_votes import VALUES, judgement
from journey.store.datafiles import Row
from journey.tasks.countdown.puzzle import Puzzle, Step, to_problem, whole
from journey.types import Judgement, Node, Problem, Tree, content_hash, make_problem

POLICY = "tree-of-thoughts"
JUDGE = "votes"
TARGET = 24
ANSWER = re.compile(r"\s*Answer: (.+?)(?: = 24)?\s*")
_NUMBER = r"-?\d{1,9}(?:\.\d{1,6}|/\d{1,6})?"
_STEP = re.compile(rf"({_NUMBER}) ([-+*/]) ({_NUMBER}) = ({_NUMBER}) \(left: ((?:{_NUMBER} )*{_NUMBER})\)")


async def read(paths: Sequence[str], grader: Grader, limit: int | None = None) -> Imported:
    """The problems and trees of these logs, at most `limit`; other rows are listed with the reason.

    Raises UsageError for what cannot be read, and where no row gives a tree.
    """
    found = list(places(paths))
    puzzles = {place.row.get("id"): place.row for place in found if "clues" in place.row}

    async def tree_of(place: Place) -> tuple[Problem, Tree]:
        if "steps" in place.row:
            return await breadth_first(place.row, grader)
        if "visits" in place.row:
            return depth_first(place.row, puzzles)
        raise NoRecord("a row has `steps` (Game of 24) or `visits` (crosswords)")

    logs = (place for place in found if "clues" not in place.row)
    return Imported(*await read_records(logs, tree_of, "log of Tree of Thoughts", limit))


async def breadth_first(row: Row, grader: Grader) -> tuple[Problem, Tree]:
    """A puzzle of the Game of 24 with all thoughts that were proposed; ends are checked."""
    numbers = tuple(int(number) for number in str(row["steps"][0]["x"]).split())
    problem = to_problem(Puzzle(numbers, TARGET, fractions=True), "game24")
    nodes: list[Node] = []
    known: dict[tuple[str, ...], int] = {(): -1}
    for level in row["steps"]:
        for text, value in zip(level["new_ys"], level["values"], strict=True):
            lines = tuple(line for line in str(text).splitlines() if line.strip())
            if not lines or lines in known:
                continue
            known[lines] = len(nodes)
            nodes.append(Node(known[lines[:-1]], in_own_words(lines[-1]), votes(float(value)), by="generator"))
    leaves = set(range(len(nodes))) - {node.parent for node in nodes}
    for lines, index in known.items():
        if index in leaves:
            answer = ANSWER.fullmatch(lines[-1])
            text = f"# Answer\n\n{answer[1]}" if answer else "\n".join(map(in_own_words, lines))
            grade = await grader.grade(problem, text)
            nodes[index] = replace(nodes[index], answer=grade.answer, correct=grade.correct)
    return problem, _tree(problem, nodes, {"search": "tot_bfs"})


def depth_first(row: Row, puzzles: Mapping[Any, Row]) -> tuple[Problem, Tree]:
    """A crossword with all words that were tried; a leaf whose words are all right holds the answer."""
    number = row["puzzle_index"]
    puzzle = puzzles.get(number)
    problem = crossword(puzzle) if puzzle else make_problem(f"Mini crossword {int(number)}", "", task="text")
    nodes: list[Node] = []
    known: dict[tuple[str, ...], int] = {(): -1}
    solved: set[int] = set()
    for visit in row["visits"]:
        *before, word = map(str, visit["actions"])
        path, count = (*before, word), visit["count"]
        if path in known:
            continue
        known[path] = len(nodes)
        if visit["info"]["r_word"] == 1:
            solved.add(known[path])
        votes_of_it = {
            "sure": int(count["sure"]),
            "likely": int(count["maybe"]),
            "impossible": int(count["impossible"]),
        }
        nodes.append(Node(known[tuple(before)], word, judgement(votes_of_it, JUDGE), by="generator"))
    for index in solved - {node.parent for node in nodes}:
        nodes[index] = replace(nodes[index], answer=problem.answer or "the whole board", correct=True)
    return problem, _tree(problem, nodes, {"search": "tot_dfs", "pruning": bool(row["pruning"])})


def in_own_words(line: str) -> str:
    """A step of the Game of 24 as Countdown writes it, with what it claims; other lines as they are."""
    line = line.strip()
    if (match := _STEP.fullmatch(line)) is None:
        return line
    left, right, result = (whole(Fraction(match[at])) for at in (1, 3, 4))
    rest = tuple(whole(Fraction(number)) for number in match[5].split())
    return str(Step(left, match[2], right, result, rest, TARGET))


def votes(value: float) -> Judgement:
    """What a sum of votes says: 22.001 is a sure, two likely and an impossible; 0 that no vote was counted."""
    sure, rest = divmod(round(value * 1000), 20_000)
    likely, impossible = divmod(rest, 1000)
    counts = dict(zip(VALUES, (sure, likely, impossible), strict=True))
    return judgement({vote: count for vote, count in counts.items() if count}, JUDGE)


def crossword(puzzle: Row) -> Problem:
    """A mini crossword in words; its answer are the rows of the board."""
    clues, letters = [str(clue) for clue in puzzle["clues"]], "".join(map(str, puzzle["board"]))
    side = len(clues) // 2
    lists = (f"{way} {at % side + 1}: {clue}" for at, clue in enumerate(clues) for way in ("hv"[at // side],))
    rows = [letters[at : at + side] for at in range(0, len(letters), side)]
    question = "\n".join([f"Fill the {side} x {side} crossword (h: rows, v: columns).", *lists])
    return make_problem(question, " ".join(rows), source="mini crosswords", task="text")


def _tree(problem: Problem, nodes: Sequence[Node], settings: Mapping[str, Any]) -> Tree:
    steps = [(node.parent, node.text, node.judgement and node.judgement.reason) for node in nodes]
    id = content_hash("tree", problem.id, POLICY, settings, steps)
    return Tree(id, problem.id, tuple(nodes), POLICY, JUDGE, settings)
