"""Cut a text into steps and put it back: one step a line, numbered lines, paragraphs, or as chat models write."""

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
    begins: re.Pattern[str] | None = None  # what begins a step besides the separator

    def stop_after(self, steps: Sequence[str]) -> tuple[str, ...]:
        """What ends the next step; where models number them as they please, also the number that comes after it."""
        if self.begins is None:
            return self.stop
        numbers = [int(mark[1]) for step in steps if (mark := _NUMBER.match(step))]
        return (*self.stop, f"\n{(numbers[-1] if numbers else 0) + 2}.")

    def split(self, text: str) -> list[str]:
        """The steps of a text, stripped; empty ones are left out, numbers (if any) are taken off."""
        text = text.replace("\r\n", "\n")
        if self.begins is not None:
            text = self.begins.sub(self.separator, text)
        pieces = [piece.strip() for piece in text.split(self.separator)]
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
    "written": StepFormat(
        "written", stop=("\n\n", "\nStep "), separator="\n\n", begins=re.compile(r"\n(?=Step \d|\d{1,2}\. )")
    ),
}
