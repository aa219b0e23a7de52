"""Find the program in an answer: in fenced blocks, or between prose. Nothing here parses or runs it."""

import re
from collections.abc import Sequence
from textwrap import dedent
from typing import NamedTuple

from journey.models.end_marks import without_end_marks

_FENCE = re.compile(r"(?:.*[^`])?(```+)[ \t]*\{?\.?([\w+#.-]*)[^`\n]*")
_BEGINS = re.compile(r"^(?:from [\w.]+ import |import \w|(?:async )?def \w|class \w|@\w)", re.MULTILINE)
_DEFINES = re.compile(r"^\s*(?:async )?(?:def|class) ", re.MULTILINE)
_WHOLE = re.compile(r"^(?:async )?(?:def|class) ", re.MULTILINE)
_NAME = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)
# A line without indent of a block that defines things and runs none: definitions, imports, values, ends of them.
_KEPT = re.compile(r"(?:async )?(?:def|class) |@|import |from |#|[A-Za-z_]\w*\s*(?::[^=]+)?=[^=]|[)\]}]|\"\"\"|'''")


class Programs(NamedTuple):
    """Ways to read an answer as a program, the likeliest first.

    Where none of them is Python the lines behind line `floor` may be prose; 0: none may.
    """

    ways: list[str]
    floor: int


def find_code(text: str, head: str = "", names: Sequence[str] = ()) -> str | None:
    """The code of an answer; null where there is none.

    The last fenced block that defines the head's function, or without a head one of the functions `names`, with the
    definitions of the other blocks before it; else the last that defines something, else the last one; else all of the
    text from its first definition on.
    """
    text, _ = without_end_marks(text)
    blocks = _blocks(text)
    if not blocks:
        if "```" in text and not (text := _unopened(text)):
            return None
        begins = _BEGINS.search(text) if _WHOLE.search(text) else None
        return (text[begins.start() :] if begins else text) if text.strip() else None
    either = "|".join(map(re.escape, _NAME.findall(head)[-1:] or names))
    wanted = re.compile(rf"^(?:(?:async )?def|class) (?:{either})\b" if either else r"(?!)", re.MULTILINE)
    blocks = [flat if wanted.search(flat := dedent(block)) else block for block in blocks]
    for place in range(len(blocks) - 1, -1, -1):
        if wanted.search(blocks[place]):
            helpers = [one for one in blocks if not wanted.search(one) and _only_defines(one)]
            return "\n".join([*helpers, blocks[place]])
    return next((block for block in reversed(blocks) if _DEFINES.search(block)), blocks[-1])


def programs(code: str, head: str, *, is_fenced: bool) -> Programs:
    """How code that was found can follow the head: as a whole function, or as a body with or without its indents."""
    if _WHOLE.search(code):
        heads = list(_NAME.finditer(head))
        helpers = head[: heads[-1].start()] if heads else ""  # the head alone would be a function that gives null
        own = [found for found in _NAME.finditer(code) if heads and found[1] == heads[-1][1]]
        before = code[: own[-1].start()].count("\n") if own else 0
        return Programs([helpers + code], 0 if is_fenced else len(helpers.splitlines()) + before + 1)
    lines = len(head.splitlines())
    ways = [head + code]
    if code[:1].strip():  # a server, or the model, left out the first indent, or all of them
        ways += [f"{head}    {code}", head + re.sub(r"^(?=.)", "    ", code, flags=re.MULTILINE)]
    return Programs(ways, 0 if is_fenced else lines + 1)


def _blocks(text: str) -> list[str]:
    """The fenced blocks that are not empty, those of Python where some are; one that is not closed goes to the end."""
    found: list[tuple[bool, str]] = []
    fence, is_python = "", False
    inside: list[str] = []
    for line in [*text.split("\n"), None]:
        mark = None if line is None else _FENCE.fullmatch(line.rstrip())
        if fence and (line is None or (line.rstrip().endswith(fence) and not (mark and mark[2]))):
            inside.append(line.rstrip().removesuffix(fence) if line else "")
            found.append((is_python, "\n".join(inside)))
            fence = ""
        elif fence:
            inside.append(line or "")
        elif mark:
            fence, is_python, inside = mark[1], mark[2] == "" or mark[2].casefold().startswith("py"), []
    full = [one for one in found if one[1].strip()]
    return [block for python, block in full if python] or [block for _, block in full]


def _unopened(text: str) -> str:
    """What stands before a fence that closes and was never opened; "" where nothing is code there."""
    before = text.partition("```")[0]
    return before if text.count("```") == 1 and _BEGINS.search(before) else ""


def _only_defines(block: str) -> bool:
    lines = [line for line in block.split("\n") if line.strip() and not line[0].isspace()]
    return bool(_DEFINES.search(block)) and all(_KEPT.match(line) for line in lines)
