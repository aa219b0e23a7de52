"""Let a model say why a wrong step is wrong, where people's ratings do not (PRM800K gives ratings without reasons).

O1 Replication Journey part 1, the section on deriving long thoughts: after a wrong branch its draft tells the judge's
reason. Only the verdict is the judge's here; the reason is looked for in its light.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from journey import prompts
from journey.answers.thinking import visible
from journey.errors import check_settings
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.gather import gather_or_cancel
from journey.prompts.languages import code
from journey.tasks.narration import clean_reason
from journey.thoughts.draft import Walk
from journey.thoughts.trail import quoted
from journey.trees.mark import path_texts
from journey.types import Problem, Tree, content_seed

LONGEST_REASON = 600  # characters
MOST_SENTENCES = 5  # three are asked for; people who explain with sums take a sentence for each
FEWEST_WORDS = 3
ECHOED = 40  # characters in a row that stand in the prompt's own words


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """How a model is asked for a reason, in up to `tries` tries; with `show_answer` it reads the problem's answer."""

    max_tokens: int = 300
    temperature: float = 0.0
    top_p: float = 1.0
    tries: int = 2
    show_answer: bool = False
    prompt: str = "explain"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "explaining.", tries=1, max_tokens=1)


async def explain(problem: Problem, tree: Tree, walk: Walk, model: Model, settings: ExplainSettings) -> Tree:
    """The tree with a reason at each wrong step of the walk's side trips that had none; all else is as it was.

    A step for which no answer could be read keeps no reason. Raises ModelError.
    """
    wanted = unexplained(tree, walk)
    steps = [(path_texts(tree, tree.nodes[index].parent), tree.nodes[index].text) for index in wanted]
    reasons = await gather_or_cancel(reason_of(problem, *step, model, settings) for step in steps)
    nodes = list(tree.nodes)
    for index, given in zip(wanted, reasons, strict=True):
        judgement = nodes[index].judgement
        if judgement is not None and given is not None:
            nodes[index] = replace(nodes[index], judgement=replace(judgement, reason=given))
    return replace(tree, nodes=tuple(nodes))


def unexplained(tree: Tree, walk: Walk) -> list[int]:
    """The nodes of the walk's side trips that were judged wrong without a reason, in the walk's order, each once."""
    found: dict[int, None] = {}
    for node in (visit.node for visit in walk.visits if visit.kind == "mistake"):
        judgement = tree.nodes[node].judgement
        if judgement is not None and judgement.verdict == "wrong" and not clean_reason(judgement):
            found[node] = None
    return list(found)


async def reason_of(
    problem: Problem, before: Sequence[str], step: str, model: Model, settings: ExplainSettings
) -> str | None:
    """Why the step after `before` is wrong; null where no try gave what can be used. Raises ModelError."""
    prompt = Prompt(
        prompts.fill_for(
            code(problem.language),
            settings.prompt,
            question=quoted(problem.question),
            answer=f"\nIts right answer:\n{quoted(problem.answer)}\n" if settings.show_answer else "",
            before="\n".join(f"Step {number}:\n{quoted(text)}" for number, text in enumerate(before, 1)) or "none",
            step=quoted(step),
        ),
        images=problem.images,
    )
    for attempt in range(settings.tries):
        seed = content_seed("explain", settings.seed, prompt.text, attempt)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=seed)
        (completion,) = await model.complete(prompt, sampling)
        if (given := read(completion, [problem.question, *before, step], settings.prompt)) is not None:
            return given
    return None


_SENTENCE_END = re.compile(r"[.!?][\"')\]]?(?=\s+[^\sa-z])|[.!?][\"')\]]?$|[。！？]")
_WORD = re.compile(r"[一-鿿]|[^\s一-鿿]+")
_NOT_A_SENTENCE = re.compile(r"\b(?:e\.g|i\.e|cf|vs|etc)\.", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:step|it|everything|this|calculation) (?:is|looks|seems) (?:actually |in fact |all |perfectly )?"
    r"(?:right|correct|valid|fine|true)\b(?! (?:to|that|in|but|only|up))|\b(?:nothing|not anything) (?:is )?wrong\b"
    r"|\bno (?:\w+ )?(?:mistakes?|errors?|flaws?|wrong (?:part|step)s?)\b"
    r"|\b(?:can(?:no|')t|could(?: no|n')t|do(?: no|n')t|did not|fail to) (?:\w+ )?(?:find|see|spot) (?:an?|any|what)\b"
    r"|\bas an? (?:ai|language) (?:language )?model\b|\b(?:can(?:no|')t|unable to) (?:assess|judge|evaluate|verify)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\bNONE\b")
_MARKUP = re.compile(r"^\s*(?:[-*|>]\s|#+\s|\d+[.)]\s|```)|\\boxed\b", re.MULTILINE)


def read(completion: Completion, material: Sequence[str], prompt: str = "explain") -> str | None:
    """The reason in a model's answer, null where it gives none in the form asked for.

    That is one to five sentences of at most 600 characters, not cut off, without list, heading or box; not the step,
    the question or the prompt said again, and no claim that nothing is wrong. Each Han character counts as a word.
    """
    if completion.finish in ("length", "error"):
        return None
    answer = visible(completion.text).strip()
    given = " ".join(answer.split())
    is_short = len(given) <= LONGEST_REASON and sentences(given) <= MOST_SENTENCES
    if len(_WORD.findall(given)) < FEWEST_WORDS or not is_short or _MARKUP.search(answer) or denies(given):
        return None
    plain = _plain(given)
    repeats = any(plain in _plain(text) or (len(_plain(text)) >= ECHOED and _plain(text) in plain) for text in material)
    return None if repeats or _echoes(given, prompt) else given


def denies(given: str) -> bool:
    """Whether an answer says that nothing is wrong, or that it cannot tell."""
    return bool(_NONE.search(given) or _DENIES.search(given))


def sentences(text: str) -> int:
    """How many sentences a text has; a last one without its mark counts."""
    ended = _SENTENCE_END.split(_NOT_A_SENTENCE.sub("", text.strip()))
    return sum(bool(part.strip()) for part in ended)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _echoes(given: str, prompt: str) -> bool:
    own = " ".join(prompts.load(prompt).split())
    return any(given[start : start + ECHOED] in own for start in range(len(given) - ECHOED + 1))
