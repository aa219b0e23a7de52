"""Cut a text into steps and put it back: one step a line, numbered lines, or paragraphs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\s*(\d+)\.\s+")


@dataclass(frozen=True, slots=True)
class StepFormat:
    """How the steps of a solution stand in its text.

    `stop` holds the strings that end a step while a model writes. A *clean* step is stripped, not empty, and has no
    separator in it; for lists of clean steps `split(join(steps)) == steps`.
    """

    name: str
    stop: tuple[str, ...]
    separator: str
    numbered: bool = False

    def split(self, text: str) -> list[str]:
        """The steps of a text, stripped; empty ones are left out, numbers (if any) are taken off."""
        pieces = [piece.strip() for piece in text.replace("\r\n", "\n").split(self.separator)]
        return _unnumbered(pieces) if self.numbered else [piece for piece in pieces if piece]

    def join(self, steps: Sequence[str]) -> str:
        """The complete text, without a separator at its end; "" for no steps."""
        if self.numbered:
            steps = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        return self.separator.join(steps)

    def prefix(self, steps: Sequence[str]) -> str:
        """The text that the next step is written after: its number included where steps are numbered."""
        number = f"{len(steps) + 1}. " if self.numbered else ""
        return self.join(steps) + (self.separator if steps else "") + number


def _unnumbered(lines: list[str]) -> list[str]:
    # Only the number that is due begins a step, so that "2. " inside a list or a decimal stays text; a line without
    # it goes on with the step before, as in Abel's answers.
    steps: list[str] = []
    for line in lines:
        if not line:
            continue
        mark = _NUMBER.match(line)
        if mark and int(mark[1]) == len(steps) + 1:
            steps.append(line[mark.end() :].strip())
        elif steps:
            steps[-1] = f"{steps[-1]} {line}".strip()
        else:
            steps.append(line)
    return [step for step in steps if step]


FORMATS: dict[str, StepFormat] = {
    "lines": StepFormat("lines", stop=("\n",), separator="\n"),
    "numbered": StepFormat("numbered", stop=("\n",), separator="\n", numbered=True),
    "paragraphs": StepFormat("paragraphs", stop=("\n\n",), separator="\n\n"),
}
