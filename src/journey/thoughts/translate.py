"""Let a strong model retell a thought in another language, every step kept, so that arms match across languages.

As in refining, rules check that it did: every part is there in its order, with its numbers and formulas and the answer
(`faithful`). Beside that each part must be in the language and not much shorter than the language makes it. A thought
that no try kept whole stays in its own language, with a note.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from journey.errors import UsageError, check_settings
from journey.models.base import Model, Sampling
from journey.prompts.languages import ENGLISH, code, language_of
from journey.thoughts.faithful import Rules
from journey.thoughts.language_share import LEAST, can_tell, share
from journey.thoughts.tagged import retell
from journey.types import Problem, Segment, Thought, content_hash

SHORT = 24  # characters of a part below which its length says nothing


@dataclass(frozen=True, slots=True)
class TranslateSettings:
    """How a model is asked to retell a thought in another language, in up to `tries` tries.

    `share` is the least share of a part that must be in the language, `shorter` the least length of a part as a share
    of the length that the language is expected to need. A thought that does not fit in `max_tokens`, by estimate, is
    not sent.
    """

    tries: int = 3
    max_tokens: int = 8192
    temperature: float = 0.3
    top_p: float = 0.95
    share: float = LEAST
    shorter: float = 0.4
    prompt: str = "translate"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "translating.", tries=1, max_tokens=1, share=(0, 1), shorter=(0, 1))


async def translate(
    problem: Problem, thought: Thought, language: str, model: Model, settings: TranslateSettings
) -> Thought:
    """The thought in the language of that code: another id and text, every segment with kind and node and its new span.

    `draft` is then the text that was retold, `language` the code. Where no try was faithful, or the thought is too long
    to be sent, the text stays as it was and `note` says why. Raises ModelError, and UsageError where nothing here can
    tell the two languages apart.
    """
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=settings.seed)
    own = code(problem.language) or ENGLISH
    known = language_of(language)
    if not can_tell(language, own):
        raise UsageError(
            f"nothing here can tell {known.name} from {language_of(own).name}, which a retold thought is checked for; "
            "install py3langid with pip install 'journey-learning[languages]'"
        )
    expected = known.length / language_of(own).length

    def also(text: str, segments: Sequence[Segment]) -> list[str]:
        parts = [segment for segment in thought.segments if segment.text.strip()]
        found: list[str] = []
        for number, (before, after) in enumerate(zip(parts, segments, strict=True), 1):
            value = share(after.text, language, (own,))
            if value is not None and value < settings.share:
                found.append(f"part {number} is not in {known.name}")
            elif len(before.text) >= SHORT and len(after.text) < settings.shorter * expected * len(before.text):
                found.append(f"part {number} is much too short to say all that it said")
        return found

    retold = await retell(
        problem,
        replace(thought, draft=thought.text, refined_by=None, note=None),
        model,
        settings.prompt,
        sampling,
        settings.tries,
        Rules(words=0.0),
        also,
        into=language,
    )
    id = content_hash("translate", thought.id, language, model.name, asdict(settings))
    notes = (thought.note, None if retold.note is None else retold.note.replace("as drafted", f"out of {known.name}"))
    return replace(retold, id=id, language=language, note="; ".join(filter(None, notes)) or None)
