"""Scripted models that retell a tagged draft, reading the very prompt: faithfully, or with one fault each."""

import re
from collections.abc import Callable, Sequence

from journey.models.base import Prompt, Sampling

Fault = Callable[[list[str]], list[str]]


def parts(prompt: Prompt) -> list[str]:
    """The parts of the draft in a prompt, unquoted."""
    shown = prompt.text.partition("\nThe draft:\n")[2] or prompt.text.partition("\nThe notes:\n")[2]
    found: list[list[str]] = []
    for line in shown.split("\n"):
        if re.fullmatch(r"\[\[\D*\d+\]\]", line):
            found.append([])
        elif line.startswith("|") and found:
            found[-1].append(line[2:])
        elif not line.startswith("|"):
            break
    return ["\n".join(lines) for lines in found]


def tagged(texts: Sequence[str]) -> str:
    return "\n".join(f"[[{number}]]\n{text}" for number, text in enumerate(texts, 1))


def same(prompt: Prompt, sampling: Sampling, i: int) -> str:
    return tagged(parts(prompt))


def rephrased(prompt: Prompt, sampling: Sampling, i: int) -> str:
    """Other words around what is said, other spaces, other marks of the same formulas."""
    opening = ("Okay, so ", "Now, ", "Right. ", "Then I see: ")
    texts: list[str] = []
    for place, text in enumerate(parts(prompt)):
        text = text.replace(" = ", "  =  ").replace(r"\left", "").replace(r"\right", "").replace(" * ", r" \times ")
        keeps_place = text.startswith(("#", "-", "\\"))  # a heading begins its line
        texts.append(text if keeps_place else opening[place % 4] + text + "\nLet me go on from that.")
    return tagged(texts)


def with_fault(fault: Fault) -> Callable[[Prompt, Sampling, int], str]:
    return lambda prompt, sampling, i: tagged(fault(parts(prompt)))


def echo(prompt: Prompt, sampling: Sampling, i: int) -> str:
    return prompt.text
