"""The words of a long thought between its steps: where a branch is found wrong, at the return, and at the end."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from journey.errors import UsageError
from journey.prompts import languages
from journey.types import Judgement, Node, Problem, content_hash


@dataclass(frozen=True, slots=True)
class Narration:
    """The words between the steps. Any of them may be "": then nothing stands there.

    `reflect(node, texts)`: why the branch was wrong; `node` is the step that was found wrong; `texts` are the
    steps from the first one to the end of the branch, which is `node` or lies after it.
    `go_back(problem, texts)`: the return; `texts` are the steps that stand again, none of them at the question.
    `close(problem, node)`: the final answer, where the last step `node` does not give it in the form asked for;
    `last(node)`: the text of that step, less a line that only gives the answer in another form.
    `tried(texts)`: what a return adds that lists the `texts` of the steps taken from there so far; null: nothing.
    `step(node, text)`: a step as the thought writes it; no narration alters what it says.
    `retry(node)`: what stands in a side trip between the wrong step `node` and the one after it; null: nothing.
    `separator` stands between all pieces. `name` is part of a thought's id.
    `in_language(code)`: the same in another language; null: the words are no language's.
    """

    reflect: Callable[[Node, Sequence[str]], str]
    go_back: Callable[[Problem, Sequence[str]], str]
    close: Callable[[Problem, Node], str]
    separator: str = "\n\n"
    name: str = ""
    tried: Callable[[Sequence[str]], str] | None = None
    last: Callable[[Node], str] = lambda node: node.text
    step: Callable[[Node, str], str] = lambda node, text: text
    retry: Callable[[Node], str] | None = None
    in_language: "Callable[[str], Narration] | None" = None

    def of(self, language: str | None) -> "Narration":
        """The narration in a language (null: English). Raises UsageError where nobody knows the language here."""
        return self if language is None or self.in_language is None else self.in_language(language)


LONGEST_QUOTE = 90
_BOX = "\\boxed"
_FIELD = re.compile(r"\{\w*\}")
_TAIL = 400  # characters in which a last line that gives the answer begins
_MARKS = 10  # characters of colons, bold marks and spaces around an answer
_ANSWER_LINE = re.compile(
    r"\n\s*(?:#+ *(?:answer|答案|정답|antwort)\s*\n|####"
    r"|(?:\*\*)?(?:so,? |therefore,? |所以|因此)?(?:the |die )?(?:final |最终)?"
    r"(?:answer|答案|정답|antwort)(?: is| ist|是|为|은)?)([^\n]*)\Z",
    re.IGNORECASE,
)
"""A last line, or two with a heading, that gives the final answer and nothing else."""

WRONG_STEP = (
    "Wait, that last step is not right.",
    "Wait. Checking that step again, it does not hold.",
    "Hmm, wait. I don't think that step is correct.",
    "Wait, let me check that. No, that is a mistake.",
)
EARLIER_STEP = (
    "Wait, something went wrong on the way here.",
    "Wait. Looking back over these steps, there is a mistake in them.",
    "Hmm, this does not work out, so one of these steps must be wrong.",
)
REASON = ("Wait, something is wrong here: {reason}", "Wait, let me check that step. {reason}", "Hmm, wait. {reason}")
EARLIER_REASON = (
    "Wait, let me look back. At {quote} I made a mistake: {reason}",
    "Wait, the mistake is already in {quote}: {reason}",
)
WRONG_ANSWER = (
    "Wait. That would make the answer {answer}, but that is not right.",
    "Hmm, this would give {answer}. Wait, that cannot be the answer.",
    "Wait, so this way I would answer {answer}, and that is wrong.",
)
START_AGAIN = (
    "Let me start again from the question.",
    "Let me go back to the question and try another way.",
    "I will begin again with the question.",
)
GO_BACK = (
    "Let me go back a step and try something else.",
    "Let me return to where I was before that and think again.",
    "Let me take that back and look for another way to go on.",
)
GO_BACK_TO = (
    "Let me go back to {quote} and go on from there.",
    "Let me return to {quote} and try another way.",
    "Back to {quote}, then.",
)
ENGLISH: Mapping[str, tuple[str, ...]] = {
    "wrong_step": WRONG_STEP, "earlier_step": EARLIER_STEP, "reason": REASON, "earlier_reason": EARLIER_REASON,
    "wrong_answer": WRONG_ANSWER, "start_again": START_AGAIN, "go_back": GO_BACK, "go_back_to": GO_BACK_TO,
    "answer": ("The answer is {answer}",), "quotes": ('"{text}"',), "stop": (".",),
}  # fmt: skip
"""The words of thoughts in English. Other languages have the same in the file language.yaml beside their prompts."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of thoughts in words, each in some variants; one is chosen by the content that it stands beside."""

    variants: Mapping[str, tuple[str, ...]]

    def reflect(self, node: Node, texts: Sequence[str]) -> str:
        """Why the branch was wrong: the judge's reason where there is one, and the wrong answer where it led to one."""
        judgement = node.judgement
        is_wrong = judgement is not None and judgement.verdict == "wrong"
        stated = clean_reason(judgement)
        reason = self._sentence(stated) if stated and is_wrong else ""
        if node.answer is not None and node.correct is False:
            return f"{self._pick('wrong_answer', texts).format(answer=_mathematics(node.answer))} {reason}".rstrip()
        is_last = texts[-1] == node.text
        quote = self._quote(node.text)
        if reason and not is_last and quote is not None:
            return self._pick("earlier_reason", texts).format(quote=quote, reason=reason)
        if reason:
            return self._pick("reason", texts).format(reason=reason)
        return self._pick("wrong_step" if is_last and is_wrong else "earlier_step", texts)

    def go_back(self, problem: Problem, texts: Sequence[str]) -> str:
        """The return; it may name the step that stands again where that is short enough."""
        if not texts:
            return self._pick("start_again", problem.id)
        quote = self._quote(texts[-1])
        return self._pick("go_back", texts, also="go_back_to" if quote else None).format(quote=quote)

    def close(self, problem: Problem, node: Node) -> str:
        """The final answer in the form that the task's prompt asks for; nothing where the last step gives it so."""
        if node.answer is None or _BOX in node.text:
            return ""
        if problem.task == "text":
            (stated,) = self.variants["answer"]
            is_there = node.text.rpartition("\n")[2].startswith(stated.partition("{")[0].rstrip())
            return "" if is_there else stated.format(answer=node.answer)
        return f"{_BOX}{{{node.answer.strip().strip('$')}}}"

    def _pick(self, name: str, content: object, also: str | None = None) -> str:
        return pick(self.variants[name] + (self.variants[also] if also else ()), content)

    def _sentence(self, reason: str) -> str:
        reason = " ".join(reason.split())
        return reason if reason[-1] in ".!?。！？" else reason + self.variants["stop"][0]

    def _quote(self, text: str) -> str | None:
        text = text.strip().rstrip(".:;,。：；，")
        marks = self.variants["quotes"][0]
        is_unfit = "\n" in text or len(text) > LONGEST_QUOTE or any(m in text for m in marks.replace("{text}", ""))
        return None if is_unfit else marks.format(text=text)


def clean_reason(judgement: Judgement | None) -> str | None:
    """What is wrong with a step; null where nobody said it."""
    return None if judgement is None else (judgement.reason or "").strip() or None


def last(node: Node) -> str:
    """The last step without a line that only tells the answer in another form than a box."""
    text = node.text.rstrip()
    if node.answer is None or _BOX in text:
        return node.text
    found = _ANSWER_LINE.search(text, max(0, len(text) - _TAIL))
    is_alone = found is not None and len(found[1]) <= len(node.answer) + _MARKS
    return node.text if found is None or not is_alone else text[: found.start()].rstrip() or node.text


@cache
def prose(language: str | None) -> Narration:
    """The narration of thoughts in words, in a language (null: English). Raises UsageError for one unknown here."""
    words = Words(ENGLISH if language is None else _of_language(language))
    name = "prose" if language is None else f"prose {language}"
    return Narration(words.reflect, words.go_back, words.close, name=name, last=last, in_language=prose)


PROSE = prose(None)


def pick(variants: Sequence[str], content: object) -> str:
    """One of the variants, the same for the same content."""
    return variants[int(content_hash(variants, content), 16) % len(variants)]


def _of_language(language: str) -> Mapping[str, tuple[str, ...]]:
    """The words of another language, with every text that English has and no other fields in braces."""
    given = languages.language_of(language).narration
    for name, texts in ENGLISH.items():
        wanted = set(_FIELD.findall("".join(texts)))
        if name not in given or any(not set(_FIELD.findall(text)) <= wanted for text in given[name]):
            fields = " ".join(sorted(wanted)) or "no field in braces"
            raise UsageError(f"narration.{name} of the language {language} must be a list of texts, with {fields}")
    return given


def _mathematics(answer: str) -> str:
    return f"${answer}$" if "\\" in answer and "$" not in answer else answer
