"""Answers that a model grades against the known one: correct, incorrect or not attempted (SimpleQA).

Measuring short-form factuality in large language models (Wei et al. 2024, arXiv 2411.04368). The answer goes to the
judge as a JSON string, and the verdict must stand alone on the last line behind a code that is the hash of the very
question: an answer cannot contain the code of a question that it is a part of.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, NamedTuple

from journey import prompts
from journey.answers.grade import Grade, could_not_check
from journey.answers.thinking import visible
from journey.judges.critic import CriticSettings
from journey.judges.first_replies import FirstReplies
from journey.metrics.accuracy import wilson
from journey.models.base import Completion, Model, Prompt
from journey.models.budget import Usage
from journey.models.estimate import Estimate, tokens_of
from journey.types import Attempt, Problem, content_hash, content_seed

GradeWord = Literal["correct", "incorrect", "not attempted", "safe", "unsafe"]
VERDICTS: tuple[GradeWord, ...] = ("correct", "incorrect", "not attempted")
NOT_ATTEMPTED = "not attempted"
LONGEST = 20_000  # characters at the end of an answer that the judge reads
USUAL = CriticSettings()
UNTOLD = ("no completion",)  # errors of what the model never answered


class Scheme(NamedTuple):
    """What is graded: the prompt file that asks, and the verdicts that it knows. `known`: by the known answer."""

    prompt: str
    verdicts: tuple[GradeWord, ...]
    known: bool = True


FACTS = Scheme("grade_answer", VERDICTS)
SAFETY = Scheme("grade_safety", ("safe", "unsafe"), known=False)


class GradingPrompt(NamedTuple):
    """A question to the judge, the code that its verdict must carry, and the verdicts that it knows."""

    prompt: Prompt
    code: str
    verdicts: tuple[GradeWord, ...] = VERDICTS


def ask(problem: Problem, answer: str, scheme: Scheme = FACTS) -> GradingPrompt:
    """How the judge is asked about one answer."""
    known = {"known answer": problem.answer} if scheme.known else {}
    material = {"question": problem.question, **known, "answer to grade": answer}
    code = content_hash("grade", material).upper()
    # ASCII only: no invisible or right-to-left characters, and no line of an answer begins a line of the prompt.
    shown = json.dumps(material, ensure_ascii=True, indent=1)
    mark = f"=== material {code[:6]} ==="
    text = prompts.fill(scheme.prompt, mark=mark, material=shown, code=code)
    return GradingPrompt(Prompt(text, images=problem.images), code, scheme.verdicts)


def read(text: str, form: GradingPrompt) -> GradeWord | None:
    """The verdict on the last line (but for a fence's end), bold or with a full stop too; null where there is none."""
    line = text.rstrip().removesuffix("```").rstrip().rpartition("\n")[2].strip(" *_`.\r")
    word_given = line.removeprefix(f"VERDICT {form.code}").strip(" *_`:").lower()
    return next(
        (word for word in form.verdicts if word == word_given and line.startswith(f"VERDICT {form.code}")), None
    )


class ModelGrader:
    """A Grader that asks a model.

    "not attempted" is an answer that is null, with that error. A verdict that cannot be read, asked for again
    `settings.retries` times, and a tie of several votes are *could not say*: null with the reason, never wrong. Raises
    ModelError where the judge fails for good, and UsageError where none of the first `settings.unreadable_limit`
    replies could be read.
    """

    def __init__(self, model: Model, settings: CriticSettings = USUAL, scheme: Scheme = FACTS) -> None:
        self.name = f"critic:{model.name}"
        self._scheme = scheme
        self._model = model
        self._settings = settings
        self._first = FirstReplies(self.name, settings.unreadable_limit)

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The judge's grade of an answer; `tokens` and `calls` say what it cost. What thinks before it is left out."""
        answer = visible(text).strip()[-LONGEST:]
        if not answer:
            return Grade(None, None, "empty")
        form, tokens, calls, why = ask(problem, answer, self._scheme), 0, 0, ""
        word: GradeWord | None = None
        for attempt in range(1 + self._settings.retries):
            seed = content_seed("grade", self._settings.seed, problem.id, answer, attempt)
            sampling = self._settings.sampling(seed, attempt)
            replies = await self._first.ask(self._model, form.prompt, sampling, partial(read, form=form))
            calls, tokens = calls + 1, tokens + sum(reply.tokens for reply, _ in replies)
            word, why = _agreed(replies)
            if word is not None or why.startswith("the votes"):
                break
        grade = _grade(" ".join(answer.split()), word, why)
        return Grade(grade.answer, grade.correct, grade.error, tokens, calls)


def _agreed(replies: Sequence[tuple[Completion, GradeWord | None]]) -> tuple[GradeWord | None, str]:
    """The verdict of most readable votes; null with the reason where there are none, or a tie."""
    votes = Counter[GradeWord](word for _, word in replies if word is not None).most_common()
    if not votes:
        is_cut = all(reply.finish == "length" for reply, _ in replies)
        return None, "the verdict was cut off" if is_cut else "no readable verdict"
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return None, "the votes of the judge are tied"
    return votes[0][0], ""


def _grade(answer: str, word: GradeWord | None, why: str) -> Grade:
    match word:
        case "correct" | "safe":
            return Grade(answer, True)
        case "incorrect" | "unsafe":
            return Grade(answer, False, word)
        case "not attempted":
            return Grade(None, None, NOT_ATTEMPTED)
        case None:
            return could_not_check(answer, why)


def factuality(attempts: Iterable[Attempt]) -> dict[str, Any]:
    """SimpleQA's figures of graded attempts: how many, and shares with Wilson's 95 % interval.

    "correct", "incorrect" and "not_attempted" are shares of all attempts; "correct_given_attempted" is correct of
    those correct or incorrect, null where there are none; "f_score" is the harmonic mean of it and "correct". What the
    judge could not say is in no share but counts in all. An empty or cut-off answer that gave nothing is not attempted.
    """
    counts = Counter(map(_state, attempts))
    right, wrong, total = counts["correct"], counts["incorrect"], counts.total()
    figures: dict[str, Any] = {"attempts": total, "could_not_say": counts["could not say"]}
    for name in VERDICTS:
        figures[name.replace(" ", "_")] = {"count": counts[name], **asdict(wilson(counts[name], total))}
    given = asdict(wilson(right, right + wrong)) if right + wrong else None
    return figures | {
        "correct_given_attempted": given,
        # 2 c a / (c + a) for c = right / total and a = right / (right + wrong).
        "f_score": 2 * right / (total + right + wrong) if total and given else None,
    }


def figures(attempts: Sequence[Attempt], judge: str, *, forced: bool) -> dict[str, Any]:
    """SimpleQA's figures with who graded, and what that cost over all attempts, remembered calls included.

    The judge's calls are null where a `forced` budget needed several of the model for an answer: they are not told
    apart.
    """
    return factuality(attempts) | {
        "judge": judge,
        "judge_tokens": sum(a.spent.judge_tokens for a in attempts),
        "judge_calls": None if forced else sum(a.spent.calls - 1 for a in attempts),
    }


def estimate(problems: Sequence[Problem], model: str, samples: int, longest: int, settings: CriticSettings) -> Estimate:
    """What the grading model is asked at most about `samples` answers to each problem, of at most `longest` tokens."""
    read = sum(tokens_of(ask(p, "").prompt.text) + min(longest, LONGEST) for p in problems)
    tries = samples * (1 + settings.retries)
    written = len(problems) * tries * settings.votes * settings.max_tokens
    return Estimate(model, "verdicts", Usage(len(problems) * tries, read * tries, written))


def _state(attempt: Attempt) -> str:
    if attempt.correct is not None:
        return "correct" if attempt.correct else "incorrect"
    return NOT_ATTEMPTED if attempt.answer is None and attempt.error not in UNTOLD else "could not say"
