"""What is measured of texts: how they read, what they do, how good they are, and in which language, by rules alone."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from journey.data.texts import TextSample
from journey.evals import quality, structure, words
from journey.prompts.languages import ENGLISH, known
from journey.thoughts.language_share import share, strays
from journey.thoughts.paragraphs import paragraphs


class LanguageFigures(NamedTuple):
    """In which language a text is.

    `share` is the share that is in the `wanted` one, null where nobody can tell; `others` are the numbers, from 1, of
    its parts (segments, else paragraphs) that are in another.
    """

    wanted: str
    share: float | None
    others: Sequence[int]


class TextFigures(NamedTuple):
    """What was found of one text."""

    sample: TextSample
    reading: words.Reading
    moves: structure.Structure
    quality: quality.Quality
    language: LanguageFigures


def measure(sample: TextSample, top: int) -> TextFigures:
    """The figures of a text; `top` is how many of its most frequent runs of words are kept."""
    thought, tree, language = sample.thought, sample.tree, _known(sample)
    reading = words.read([sample.text], sample.name, top=top, language=language)
    languages = language_figures(sample)
    if thought is None:
        found = quality.of_text(sample.text, sample.question)
        return TextFigures(sample, reading, structure.of_text(sample.text, language), found, languages)
    found = quality.of_thought(thought, sample.question, tree)
    return TextFigures(sample, reading, structure.of_thought(thought, tree, language), found, languages)


def language_figures(sample: TextSample) -> LanguageFigures:
    """The share of a text that is in its language, as against English, and the parts that are not."""
    wanted = sample.language or ENGLISH
    parts = [sample.text[slice(*span)] for span in paragraphs(sample.text)]
    if sample.thought is not None:
        parts = [segment.text for segment in sample.thought.segments]
    return LanguageFigures(wanted, share(sample.text, wanted, (ENGLISH,)), strays(parts, wanted, (ENGLISH,)))


def _known(sample: TextSample) -> str | None:
    """The text's language where its words are known here; null: those of English are counted."""
    return sample.language if sample.language in known() else None


def summary(found: Sequence[TextFigures], name: str, top: int) -> dict[str, Any]:
    """The figures of several texts together, and of each by itself as `examples`.

    The key words are those of the language that all are in, of English where they are in several.
    """
    languages = {_known(one.sample) for one in found}
    language = languages.pop() if len(languages) == 1 else None
    return {
        "words": words.read([one.sample.text for one in found], name, top=top, language=language).to_json(),
        "structure": structure.summed(one.moves for one in found),
        "quality": quality.summed(one.quality for one in found),
        "language": summed([one.language for one in found]),
        "examples": [
            {
                "name": one.sample.name,
                "words": one.reading.to_json(),
                "structure": one.moves.to_json(),
                "quality": one.quality.to_json(),
                "language": one.language._asdict(),
            }
            for one in found
        ],
    }


def summed(found: Sequence[LanguageFigures]) -> dict[str, Any]:
    """The languages wanted, the mean share in them, and how many texts have parts in another, and how many parts."""
    shares = [one.share for one in found if one.share is not None]
    return {
        "wanted": sorted({one.wanted for one in found}),
        "share": sum(shares) / len(shares) if shares else None,
        "known": len(shares),
        "mixed": sum(bool(one.others) for one in found),
        "parts": sum(len(one.others) for one in found),
    }
