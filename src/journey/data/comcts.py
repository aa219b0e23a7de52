"""The search results of CoMCTS as trees: visual reasoning by several models (Mulberry, Yao et al., arXiv 2412.18319).

A row is a question about an image, and by each model's name what it wrote: a `response` in sections that begin with
###, `is_correct` 1 or -1 by the search's own check, `valid` -1 where it has no such sections, and in files of the whole
search `step_value`, a number a section that is negative where the models found the step wrong (HJYao00/Mulberry,
comcts/README.md and comcts/code/data_construction.py). Sections that responses share are one node, so that the wrong
answers are branches beside the right ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.data.pictures import Keep, pictures
from journey.data.row_records import Imported, NoRecord, Place, places, read_records
from journey.errors import UsageError
from journey.types import Judgement, Node, Problem, Tree, Verdict, content_hash, make_problem

POLICY = "comcts"
JUDGE = "comcts"
_SECTION = re.compile(r"^[ \t]*###[ \t]*", re.MULTILINE)
_HEADING = re.compile(r"(?:image description|rationales?|step \d+)[ \t]*:", re.I)
_OPENING = re.compile(r"let's think step by step[.:]?", re.I)
_FINAL = re.compile(r"(?:the )?final answer is[ \t]*:?", re.I)
_LETTER = re.compile(r"\(?([A-Z])\)?(?=[:.)\s]|$)")


async def read(paths: Sequence[str], keep: Keep, limit: int | None = None) -> Imported:
    """The problems and trees of these files, at most `limit`; other rows are listed with the reason.

    Images are of files in the folder of the row's file. Raises UsageError for what cannot be read, and where no row
    gives a tree.
    """

    async def tree_of(place: Place) -> tuple[Problem, Tree]:
        return _tree(place, keep)

    return Imported(*await read_records(places(paths), tree_of, "result of CoMCTS", limit))


def _tree(place: Place, keep: Keep) -> tuple[Problem, Tree]:
    """The problem of a row and its tree. Raises NoRecord where it has no picture or no usable response."""
    row = place.row
    written = {name: one for name, one in row.items() if isinstance(one, Mapping) and "response" in one}
    usable = {name: one for name, one in written.items() if one.get("valid", 1) == 1}
    if not usable:
        raise NoRecord("no response is in sections")
    try:
        shown = pictures(row, "image", Path(place.file).parent, place.where, keep)
    except UsageError as error:
        raise NoRecord(str(error).removeprefix(f"{place.where}: ")) from None
    if not shown:
        raise NoRecord("it has no image")
    last = row["conversations"][-1]["value"]
    answer = re.sub(r"^\s*(?:the )?(?:final )?answer(?: is)?\s*:?\s*", "", str(last), flags=re.I).strip().rstrip(".")
    question = re.sub(r"^\s*question\s*:\s*", "", str(row["question"]), flags=re.I).strip()
    problem = make_problem(question, answer, source="comcts", task="text", images=shown)
    nodes: list[Node] = []
    known: dict[tuple[str, ...], int] = {(): -1}
    for name, one in usable.items():
        way: tuple[str, ...] = ()
        for text, value in _sections(str(one["response"]), one.get("step_value")):
            before, way = way, (*way, text)
            if way not in known:
                known[way] = len(nodes)
                nodes.append(_node(known[before], text, value, name, int(one["is_correct"])))
    settings = {"search": POLICY, "models": sorted(written)}
    steps = [(node.parent, node.text, node.correct) for node in nodes]
    id = content_hash("tree", problem.id, POLICY, settings, steps)
    judge = JUDGE if any(node.judgement for node in nodes) else ""
    return problem, Tree(id, problem.id, tuple(nodes), POLICY, judge, settings)


def _sections(response: str, values: Any) -> Iterator[tuple[str, float | None]]:
    """The sections of a response as paragraphs without their headings, each with its value, null where none is given.

    Raises ValueError where there are none.
    """
    parts = _SECTION.split(response)[1:]
    if len(parts) < 2:
        raise ValueError("no sections")
    given: list[Any] = values if isinstance(values, list) else []
    for at, part in enumerate(parts):
        text = "\n".join(line.strip() for line in _HEADING.sub("", part, count=1).splitlines() if line.strip())
        if text and not _OPENING.fullmatch(text):
            value = given[at] if at < len(given) else None
            yield text, float(value) if isinstance(value, int | float) else None


def _node(parent: int, text: str, value: float | None, by: str, is_correct: int) -> Node:
    verdict: Verdict | None = None if value is None else "wrong" if value < 0 else "right" if value > 0 else "neutral"
    judged = None if verdict is None else Judgement(verdict, by=JUDGE, evidence=f"value {value:g} in the search")
    final = _FINAL.match(text)
    if final is None:
        return Node(parent, text, judged, by=by)
    rest = text[final.end() :].strip()
    letter = _LETTER.match(rest)
    answer = letter[1] if letter else rest.rstrip(".")
    return Node(parent, f"The answer is {answer}", judged, answer or None, is_correct == 1 if answer else None, by)
