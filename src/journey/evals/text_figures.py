"""What is measured of texts: how they read, what they do on their way, and how good they are, by rules alone."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from journey.data.texts import TextSample
from journey.evals import quality, structure, words


class TextFigures(NamedTuple):
    """What was found of one text."""

    sample: TextSample
    reading: words.Reading
    moves: structure.Structure
    quality: quality.Quality


def measure(sample: TextSample, top: int) -> TextFigures:
    """The figures of a text; `top` is how many of its most frequent runs of words are kept."""
    thought, tree = sample.thought, sample.tree
    reading = words.read([sample.text], sample.name, top=top)
    if thought is None:
        found = quality.of_text(sample.text, sample.question)
        return TextFigures(sample, reading, structure.of_text(sample.text), found)
    found = quality.of_thought(thought, sample.question, tree)
    return TextFigures(sample, reading, structure.of_thought(thought, tree), found)


def summary(found: Sequence[TextFigures], name: str, top: int) -> dict[str, Any]:
    """The figures of several texts together, and of each by itself as `examples`."""
    return {
        "words": words.read([one.sample.text for one in found], name, top=top).to_json(),
        "structure": structure.summed(one.moves for one in found),
        "quality": quality.summed(one.quality for one in found),
        "examples": [
            {
                "name": one.sample.name,
                "words": one.reading.to_json(),
                "structure": one.moves.to_json(),
                "quality": one.quality.to_json(),
            }
            for one in found
        ],
    }
