"""Let a model retell a thought part by part: tags that the answer must carry tell where each part stands in it.

What refining (O1 Replication Journey part 1, the section on deriving long thoughts) and expanding a person's notes
share: tagging, cutting, checking and trying again.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from journey import prompts
from journey.answers.thinking import visible
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import INSTRUCTIONS, Estimate, tokens_of
from journey.prompts.languages import code, language_of
from journey.thoughts.faithful import Rules, flaws
from journey.thoughts.trail import quoted
from journey.types import Problem, Segment, Thought, content_hash, content_seed

Also = Callable[[str, Sequence[Segment]], Sequence[str]]
MOST_FLAWS = 8
CHARACTERS_A_TOKEN = 3.0
TOKENS_A_TAG = 6


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a draft: `[[`, a word that makes them unlike anything in the draft, the part's number, `]]`."""

    word: str
    count: int

    def __call__(self, number: int) -> str:
        return f"[[{self.word}{number}]]"

    @property
    def like(self) -> re.Pattern[str]:
        """Finds tags, closing and unknown ones too."""
        return re.compile(rf"\[\[/?{re.escape(self.word)}([0-9]+)\]\]")


def tags(thought: Thought) -> Tags:
    """Tags for the parts of a draft that are not blank, in a form that does not occur in the draft."""
    count = sum(bool(segment.text.strip()) for segment in thought.segments)
    words = ("", "part ", content_hash("tag", thought.draft))
    return next(t for word in words if not (t := Tags(word, count)).like.search(thought.draft))


def tagged(thought: Thought, tag: Tags) -> str:
    """The draft with each part below its tag, quoted, so that no line of it can pass for a tag or the prompt's own."""
    parts = [segment.text for segment in thought.segments if segment.text.strip()]
    return "\n".join(f"{tag(number)}\n{quoted(part.strip())}" for number, part in enumerate(parts, 1))


def cut(answer: str, draft: Thought, tag: Tags) -> tuple[str, tuple[Segment, ...]] | str:
    """The retold text without its tags, and its segments; in words what is wrong with the tags, if anything.

    Kind and node of each segment are the draft's; between them stands what stands between them in the draft.
    """
    pieces = tag.like.split(answer)
    order = [int(number) for number in pieces[1::2]]
    if order != list(range(1, tag.count + 1)) or any(tag(n) not in answer for n in order):
        wanted = f"{tag(1)} to {tag(tag.count)}"
        return f"the tags {wanted} must each stand there exactly once, in order, and no others"
    if pieces[0].strip():
        return f"words stand before {tag(1)}"
    parts = [piece.strip() for piece in pieces[2::2]]
    if any(not part for part in parts):
        return f"part {next(n for n, part in enumerate(parts, 1) if not part)} is empty"
    if _bars(answer) > _bars(draft.draft):
        return "lines begin with the bar that only quotes the draft"
    if "```" in answer and "```" not in draft.draft:
        return "the text stands in a fence"
    text, end = "", 0
    segments: list[Segment] = []
    for part, segment in zip(parts, (s for s in draft.segments if s.text.strip()), strict=True):
        text += draft.draft[end : segment.start]
        segments.append(Segment(segment.kind, part, segment.node, len(text), len(text) + len(part)))
        text, end = text + part, segment.end
    return text + draft.draft[end:], tuple(segments)


def _bars(text: str) -> int:
    return len(re.findall(r"^\|(?: |$)", text, re.MULTILINE))


async def retell(
    problem: Problem,
    draft: Thought,
    model: Model,
    prompt: str,
    sampling: Sampling,
    tries: int,
    rules: Rules,
    also: Also = lambda text, segments: (),
    into: str | None = None,
) -> Thought:
    """The draft retold by the model with the named prompt, once a try is faithful; else the draft, its note says why.

    Each try has its own seed, and from the second on its prompt tells the flaws of the one before. `also` finds other
    flaws in a text and its segments. `into` is the language to retell it in, null: the problem's. A draft that is too
    long for `sampling.max_tokens` is kept without asking. The id is the draft's and the caller's to replace. Raises
    ModelError.
    """
    tag = tags(draft)
    if tag.count == 0:
        return replace(draft, note="kept as drafted: there is nothing to retell")
    needed = round(len(draft.draft) / CHARACTERS_A_TOKEN) + TOKENS_A_TAG * tag.count
    if needed > sampling.max_tokens:
        return replace(
            draft, note=f"kept as drafted: about {needed} tokens, more than max_tokens {sampling.max_tokens}"
        )
    earlier: list[str] = []
    for attempt in range(tries):
        text = prompts.fill_for(
            into or code(problem.language),
            prompt,
            question=quoted(problem.question),
            draft=tagged(draft, tag),
            first=tag(1),
            last=tag(tag.count),
            again=_again(earlier),
            **({} if into is None else {"into": language_of(into).name}),
        )
        seed = content_seed("retell", prompt, sampling.seed, draft.id, attempt)
        prompted = Prompt(text, images=problem.images)
        (completion,) = await model.complete(prompted, replace(sampling, seed=seed))
        retold = _read(problem, draft, completion, tag, rules, also)
        if not isinstance(retold, list):
            text, segments = retold
            return replace(draft, text=text, segments=segments, refined_by=model.name, note=None)
        earlier = retold
    times = "in the only try" if tries == 1 else f"in the last of {tries} tries"
    return replace(draft, note=f"kept as drafted: {times}, {'; '.join(earlier[:3])}")


def estimate(purpose: str, texts: Sequence[str], strong: str, tries: int, most: int) -> list[Estimate]:
    """The strong model's versions of these texts of at most `most` tokens each, every try used."""
    calls, read = tries * len(texts), tries * sum(tokens_of(text) + INSTRUCTIONS for text in texts)
    return [Estimate(strong, purpose, Usage(calls, read, calls * most))] if texts else []


def _read(
    problem: Problem, draft: Thought, completion: Completion, tag: Tags, rules: Rules, also: Also
) -> tuple[str, tuple[Segment, ...]] | list[str]:
    """The retold text and its segments, or its flaws."""
    if completion.finish == "length":
        return ["the text was cut off before its end; be brief enough"]
    if completion.finish == "error":
        return ["nothing usable came"]
    made = cut(visible(completion.text), draft, tag)
    if isinstance(made, str):
        return [made]
    found = [*flaws(problem, draft, *made, rules), *also(*made)]
    return found or made


def _again(earlier: Sequence[str]) -> str:
    if not earlier:
        return "Begin now."
    more = [f"- and {len(earlier) - MOST_FLAWS} more"] if len(earlier) > MOST_FLAWS else []
    listed = "\n".join([*(f"- {flaw}" for flaw in earlier[:MOST_FLAWS]), *more])
    return f"An earlier version was refused by a check, for these reasons:\n{quoted(listed)}\nAvoid them. Begin now."
