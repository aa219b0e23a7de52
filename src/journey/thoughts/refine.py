"""Let a strong model smooth a draft (O1 Replication Journey part 1, the section on deriving long thoughts).

Training on raw drafts did poorly there; GPT-4o smoothed them, keeping every step, mistake, reflection, correction and
the answer. Here rules check that it did; a draft that no try kept whole stays as it is, with a note.
"""

from dataclasses import asdict, dataclass, replace

from journey.errors import check_settings
from journey.models.base import Model, Sampling
from journey.thoughts.faithful import Rules
from journey.thoughts.tagged import retell
from journey.types import Problem, Thought, content_hash


@dataclass(frozen=True, slots=True)
class RefineSettings:
    """How a model is asked to smooth a draft, in up to `tries` tries.

    `words` is the least share of the content words of a part with few numbers that must survive. A draft that does not
    fit in `max_tokens`, by estimate, is not sent.
    """

    tries: int = 3
    max_tokens: int = 8192
    temperature: float = 0.3
    top_p: float = 0.95
    words: float = 0.3
    prompt: str = "refine"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "refining.", tries=1, max_tokens=1, words=(0, 1))


async def refine(problem: Problem, thought: Thought, model: Model, settings: RefineSettings) -> Thought:
    """The draft smoothed: another id and text, `refined_by` set, every segment with kind and node and its new span.

    Where no try was faithful, or the draft is too long to be sent: another id, the text as it was, `refined_by` null
    and a note with the reason. Raises ModelError.
    """
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=settings.seed)
    rules = Rules(words=settings.words)
    refined = await retell(problem, thought, model, settings.prompt, sampling, settings.tries, rules)
    return replace(refined, id=content_hash("refine", thought.id, model.name, asdict(settings)))
