"""Thoughts retold in Chinese, Korean and German by a scripted translator that slips: what is caught, what is refused.

Shortcuts and journeys of trees in English, of four kinds of problems with drawn numbers, are retold part by part from
parallel texts (`parallel_texts.py`). An honest retelling must be accepted; one with a slip refused. Then a translator
that slips in a share of its answers retells every thought in up to three tries: how many are retold, how many stay in
English with a note, and what share of the retold texts is in the language asked for. No model is asked: what is
measured are the checks, with py3langid as the detector.
"""

import asyncio
import itertools
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import bench
from bench import Result, flag, percent
from parallel_texts import KINDS, drawn
from thoughts.retellers import parts, tagged

from journey.answers.find import find_answer
from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted
from journey.prompts.languages import language_of
from journey.tasks.narration import ENGLISH, PROSE
from journey.thoughts.draft import draft
from journey.thoughts.language_share import share, strays
from journey.thoughts.shortcut import straight
from journey.thoughts.translate import TranslateSettings, translate
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.types import Judgement, Node, Problem, Thought, Tree, content_seed, make_problem

TARGETS = ("zh", "ko", "de")
SHARE = 0.3  # of the answers of the translator that slips
PATH = ("first", "second", "check", "last")

Slip = Callable[["Retelling", Random], list[str] | None]


class Told(NamedTuple):
    """A thought, its problem and what each of its parts is in every language."""

    problem: Problem
    thought: Thought
    words: Mapping[str, Mapping[str, str]]


class Retelling(NamedTuple):
    """The parts of a thought, and the same in the language asked for and in all others."""

    parts: Sequence[str]
    honest: Sequence[str]
    language: str
    words: Mapping[str, Mapping[str, str]]
    kinds: Sequence[str]


def tree_of(texts: Mapping[str, Mapping[str, str]]) -> tuple[Problem, Tree]:
    """A problem's tree in English: its right path, and a wrong first and a wrong second step with their reasons."""
    text = {name: by["en"] for name, by in texts.items()}
    answer = find_answer(text["last"]) or ""
    problem = make_problem(text["question"], answer, task="math")
    nodes = [Node(-1, text["first"])]
    nodes += [Node(place, text[name]) for place, name in enumerate(PATH[1:])]
    nodes[-1] = Node(2, text["last"], answer=answer, correct=True)
    for parent, name in ((-1, "first"), (0, "second")):
        nodes.append(
            Node(parent, text[f"wrong {name}"], Judgement("wrong", reason=text[f"reason {name}"], by="people"))
        )
    return problem, Tree(problem.id, problem.id, tuple(nodes))


def dictionary(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Every part that a thought of the tree may have, by its English text: the same in each language."""
    found = {by["en"]: dict(by) for name, by in texts.items() if not name.startswith("reason")}
    steps = [None, *(texts[name] for name in texts if not name.startswith(("reason", "question")))]
    reasons = [None, *(by for name, by in texts.items() if name.startswith("reason"))]
    narrations = {"en": ENGLISH} | {of: language_of(of).narration for of in TARGETS}
    for name, variants in ENGLISH.items():
        for place, step, reason in itertools.product(range(len(variants)), steps, reasons):
            both = {of: words(narrations[of], name, place, step, reason, of) for of in narrations}
            found.setdefault(both["en"], both)
    return found


def words(narration: Mapping[str, Sequence[str]], name: str, place: int, step: Any, reason: Any, of: str) -> str:
    """A variant of the narration with a quoted step and a reason."""
    quote = "" if step is None else narration["quotes"][0].format(text=step[of].rstrip(".:;,。：；，"))
    return narration[name][place].format(quote=quote, reason="" if reason is None else reason[of], answer="", text="")


def thoughts(count: int) -> list[Told]:
    """A shortcut and a journey of each of so many trees."""
    found: list[Told] = []
    for number in range(count):
        texts = drawn(Random(content_seed("parallel", number)), KINDS[number % len(KINDS)])
        problem, tree = tree_of(texts)
        known = dictionary(texts)
        for walk in (straight(tree, 3), traverse(tree, 3, TraverseSettings(trials=2), number)):
            found.append(Told(problem, draft(tree, problem, walk, PROSE), known))
    return found


# --- slips: each gives the parts as the translator writes them, null where the thought has no place for it ------------


def dropped(of: Retelling, rng: Random) -> list[str]:
    """A step is left out."""
    place = rng.randrange(len(of.honest))
    return [*of.honest[:place], *of.honest[place + 1 :]]


def joined(of: Retelling, rng: Random) -> list[str]:
    """Two steps stand in one part."""
    place = rng.randrange(len(of.honest) - 1)
    return [*of.honest[:place], " ".join(of.honest[place : place + 2]), *of.honest[place + 2 :]]


def left(of: Retelling, rng: Random) -> list[str]:
    """A step stays in English."""
    place = rng.randrange(len(of.honest))
    return [*of.honest[:place], of.parts[place], *of.honest[place + 1 :]]


def half(of: Retelling, rng: Random) -> list[str]:
    """A step is said in both languages, so that half of it is English."""
    place = rng.randrange(len(of.honest))
    return [*of.honest[:place], f"{of.honest[place]} {of.parts[place]}", *of.honest[place + 1 :]]


def elsewhere(of: Retelling, rng: Random) -> list[str]:
    """A step is in a third language."""
    place = rng.randrange(len(of.honest))
    other = TARGETS[(TARGETS.index(of.language) + 1) % len(TARGETS)]
    return [*of.honest[:place], of.words[of.parts[place]][other], *of.honest[place + 1 :]]


def renumbered(of: Retelling, rng: Random) -> list[str] | None:
    """A number is another one."""
    places = [i for i, text in enumerate(of.honest) if any(char.isdigit() for char in text)]
    place = rng.choice(places)
    digit = next(i for i, char in enumerate(of.honest[place]) if char.isdigit())
    text = of.honest[place]
    changed = f"{text[:digit]}{(int(text[digit]) + 1) % 10}{text[digit + 1 :]}"
    return [*of.honest[:place], changed, *of.honest[place + 1 :]]


def corrected(of: Retelling, rng: Random) -> list[str] | None:
    """A mistake is put right in silence."""
    places = [i for i, kind in enumerate(of.kinds) if kind == "mistake"]
    if not places:
        return None
    place = rng.choice(places)
    right = next(
        text for text, kind in zip(of.honest[place + 1 :], of.kinds[place + 1 :], strict=True) if kind == "step"
    )
    return [*of.honest[:place], right, *of.honest[place + 1 :]]


def shortened(of: Retelling, rng: Random) -> list[str] | None:
    """Of a step without a number only the beginning is said."""
    places = [i for i, text in enumerate(of.honest) if not any(char.isdigit() for char in text) and len(text) > 8]
    if not places:
        return None
    place = rng.choice(places)
    return [*of.honest[:place], of.honest[place][: len(of.honest[place]) // 4], *of.honest[place + 1 :]]


def swapped(of: Retelling, rng: Random) -> list[str] | None:
    """Two steps with numbers have changed places."""
    places = [i for i in range(len(of.honest) - 1) if all(any(map(str.isdigit, of.honest[j])) for j in (i, i + 1))]
    if not places:
        return None
    place = rng.choice(places)
    return [*of.honest[:place], of.honest[place + 1], of.honest[place], *of.honest[place + 2 :]]


def unboxed(of: Retelling, rng: Random) -> list[str] | None:
    """The final answer is said without its box."""
    last = of.honest[-1]
    return [*of.honest[:-1], last.replace("\\boxed", "").replace("{", "").replace("}", "")] if "boxed" in last else None


def something_else(of: Retelling, rng: Random) -> list[str] | None:
    """A part without numbers says what another one of the same kind of part says."""
    plain = [part for part in of.words if not any(map(str.isdigit, part)) and part not in of.parts]
    places = [i for i, text in enumerate(of.parts) if not any(map(str.isdigit, text))]
    if not plain or not places:
        return None
    place = rng.choice(places)
    return [*of.honest[:place], of.words[rng.choice(plain)][of.language], *of.honest[place + 1 :]]


def swapped_words(of: Retelling, rng: Random) -> list[str] | None:
    """Two parts without numbers have changed places."""
    places = [i for i, text in enumerate(of.honest) if not any(map(str.isdigit, text))]
    if len(places) < 2:
        return None
    texts, (one, other) = list(of.honest), rng.sample(places, 2)
    texts[one], texts[other] = texts[other], texts[one]
    return texts


SLIPS: dict[str, Slip] = {
    "drops a step": dropped, "joins two steps": joined, "leaves a step in English": left,
    "says a step in both languages": half, "says a step in a third language": elsewhere, "changes a number": renumbered,
    "puts a mistake right": corrected, "says a quarter of a step": shortened, "swaps two steps": swapped,
    "loses the box": unboxed, "says something else without numbers": something_else,
    "swaps two parts without numbers": swapped_words,
}  # fmt: skip


def retelling(told: Told, language: str, shown: Sequence[str]) -> Retelling:
    """What the translator reads, and what it should say."""
    kinds = [segment.kind for segment in told.thought.segments]
    return Retelling(shown, [told.words[part][language] for part in shown], language, told.words, kinds)


Answers = list[tuple[str, Sequence[str]]]
"""Of each answer the slip in it, "" for none, and its parts."""


async def retold(
    told: Told, language: str, slip: Slip | None, tries: int, slips: float = 1.0
) -> tuple[Thought, Answers]:
    """The thought as it is kept, and the translator's answers; `slips` is the share of answers with a slip."""
    made: Answers = []

    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        rng = Random(content_seed("slip", told.thought.id, language, len(made)))
        of = retelling(told, language, parts(prompt))
        name, chosen = ("", slip) if slip is not None else rng.choice(list(SLIPS.items()))
        texts = chosen(of, rng) if rng.random() < slips else None
        made.append(("" if texts is None else name or "slip", of.honest if texts is None else texts))
        return tagged(made[-1][1])

    model = Scripted(answer, name="translator")
    return await translate(told.problem, told.thought, language, model, TranslateSettings(tries=tries)), made


async def honest(of: Sequence[Told], language: str) -> list[Thought]:
    """Every thought retold without a slip, in one try."""
    return [(await retold(told, language, dropped, 1, slips=0.0))[0] for told in of]


async def caught(of: Sequence[Told], language: str, slip: Slip) -> tuple[int, int]:
    """Of how many retellings with this slip how many are refused."""
    found = [await retold(told, language, slip, 1) for told in of]
    kept = [thought for thought, made in found if made[0][0]]
    return sum(thought.refined_by is None for thought in kept), len(kept)


def parts_of(thought: Thought) -> list[str]:
    """The parts of a thought."""
    return [segment.text for segment in thought.segments]


async def slipping(of: Sequence[Told], language: str) -> dict[str, Any]:
    """What a translator that slips in a share of its answers makes of the thoughts, in up to three tries."""
    found = [await retold(told, language, None, 3, SHARE) for told in of]
    kept = [thought for thought, _ in found if thought.refined_by is not None]
    missed = [made[-1][0] for thought, made in found if thought.refined_by is not None and made[-1][0]]
    shares = [value for thought in kept if (value := share(thought.text, language, ("en",))) is not None]
    first = [made[0][1] for _, made in found]
    unchecked = [value for texts in first if (value := share("\n\n".join(texts), language, ("en",))) is not None]
    return {
        "thoughts": len(found),
        "first_answers_with_a_slip": sum(bool(made[0][0]) for _, made in found),
        "first_answers_share": sum(unchecked) / len(unchecked),
        "first_answers_mixed": sum(bool(strays(texts, language, ("en",))) for texts in first),
        "retold": len(kept),
        "kept_in_english": len(found) - len(kept),
        "slips_missed": dict(Counter(missed)),
        "share": sum(shares) / len(shares),
        "least_share": min(shares),
        "parts_in_another_language": sum(map(len, (strays(parts_of(one), language, ("en",)) for one in kept))),
    }


def measured(options: Namespace) -> Result:
    """All of it, by language."""
    told = thoughts(options.trees)
    figures: dict[str, Any] = {"thoughts": len(told)}
    for language in TARGETS:
        kept = asyncio.run(honest(told, language))
        accepted = [thought for thought in kept if thought.refined_by is not None]
        found = {name: asyncio.run(caught(told, language, slip)) for name, slip in SLIPS.items()}
        figures[language] = {
            "honest_refused": len(kept) - len(accepted),
            "why": sorted({thought.note or "" for thought in kept if thought.refined_by is None})[:3],
            "caught": {name: {"of": number, "caught": n} for name, (n, number) in found.items()},
            "slipping": asyncio.run(slipping(told, language)),
        }
    blind = ("says something else without numbers", "swaps two parts without numbers")  # what rules cannot see
    is_reached = all(
        figures[of]["honest_refused"] == 0
        and all(one["caught"] == one["of"] for name, one in figures[of]["caught"].items() if name not in blind)
        for of in TARGETS
    )
    names = [language_of(of).name for of in TARGETS]
    rows = [["honest ones refused", *(f"{figures[of]['honest_refused']} of {len(told)}" for of in TARGETS)]]
    for slip in SLIPS:
        by = [figures[of]["caught"][slip] for of in TARGETS]
        rows.append([f"caught: {slip}", *(f"{one['caught']} of {one['of']}" for one in by)])
    through = [[name.replace("_", " "), *(_cell(figures[of]["slipping"][name]) for of in TARGETS)] for name in _THROUGH]
    tables = (
        bench.table("Retold in one try", ["", *names], rows),
        bench.table(
            f"A translator that slips in {percent(SHARE)} of its answers, up to three tries", ["", *names], through
        ),
    )
    return Result(figures, is_reached, shown=tables)


_THROUGH = (
    "thoughts", "first_answers_with_a_slip", "first_answers_share", "first_answers_mixed", "retold", "kept_in_english",
    "slips_missed", "share", "least_share", "parts_in_another_language",
)  # fmt: skip


def _cell(value: object) -> str:
    return (
        percent(value) if isinstance(value, float) else str(sum(value.values()) if isinstance(value, dict) else value)
    )


if __name__ == "__main__":
    bench.run("E16", __doc__, measured, flag("--trees", type=int, default=40, help="trees, each with two thoughts"))
