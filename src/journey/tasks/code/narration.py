"""The narration of attempts at a program: the program alone, what the tests found of it, the return."""

from collections.abc import Sequence

from journey.tasks.narration import Narration, clean_reason, pick
from journey.types import Node, Problem

TESTED = (
    "Wait, let me run the tests on this.",
    "Wait. Let me check this against the tests.",
    "Hmm, let me test that first. Wait, this is not right.",
)
DIAGNOSES = {
    "SyntaxError": "So this is no valid Python as it stands.",
    "IndentationError": "So this is no valid Python as it stands.",
    "does not end within": "So there it never comes to an end.",
    "has no function": "So it does not define what is asked for.",
    "while it is loaded": "So it breaks off before its function is called.",
    " raises ": "So it breaks off there instead of giving a result.",
    "ends the process": "So it leaves Python instead of returning a result.",
    " gives ": "So what it computes there is not what is wanted.",
}
GO_BACK = (
    "Let me go back and write it again.",
    "Let me go back to the task and write another program.",
    "I will take that back and start again from the task.",
)


def program(node: Node) -> str:
    """The program of an attempt in a fenced block, without the words around it; the attempt where none was found."""
    code = (node.answer or "").strip("\n")
    if not code.strip():
        return node.text
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}python\n{code}\n{fence}"


def tested(node: Node) -> str:
    """What the tests found of a wrong attempt, and what that says of it."""
    reason = clean_reason(node.judgement)
    words = [pick(TESTED, node.text)]
    if reason:
        if reason.startswith("the "):  # words, where others begin with code
            reason = reason[0].upper() + reason[1:]
        words.append(f"{reason}." if reason[-1] not in ".!?" else reason)
        words += [found for mark, found in DIAGNOSES.items() if mark in reason][:1]
    return " ".join(words)


def reflect(node: Node, texts: Sequence[str]) -> str:
    """Why the attempt was wrong: the failing assertion."""
    return tested(node)


def go_back(problem: Problem, texts: Sequence[str]) -> str:
    """The return to the task; every attempt is a whole program, so that nothing else stands again."""
    return pick(GO_BACK, [problem.id, *texts])


NARRATION = Narration(
    reflect,
    go_back,
    lambda problem, node: "",
    name="code",
    last=program,
    step=lambda node, text: program(node),
    retry=lambda node: f"{tested(node)} Let me mend that.",
)
