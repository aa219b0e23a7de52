"""Thoughts retold in another language: every step kept in it, or the thought kept as it was and marked."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from thoughts.retellers import tagged
from thoughts.test_refine import DRAFT, PROBLEM

from journey.errors import UsageError
from journey.evals.words import read
from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted
from journey.thoughts import language_share
from journey.thoughts.behaviours import pieces
from journey.thoughts.draft import chosen
from journey.thoughts.language_share import share, strays
from journey.thoughts.numbers import numbers
from journey.thoughts.translate import TranslateSettings, translate
from journey.types import thought_from_json, to_json

KOREAN = [
    "나누어 계산하면 6 * 7 = 6 * 5 + 6 * 2이다.",
    "세어 보면 6 * 5 = 35이다.",
    "잠깐, 여기에 문제가 있다. 짝수에서는 35가 나올 수 없다.",
    "나누는 곳으로 돌아가 다른 방법을 시도해 보자.",
    "그러면 30 + 12 = 42이다.",
    "# 정답\n\n42",
]
ONCE = TranslateSettings(tries=1)


def saying(*answers: list[str]) -> Scripted:
    """A model whose tries give these parts, one after the other."""
    left = list(answers)

    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return tagged(left.pop(0))

    return Scripted(answer, name="strong")


async def test_a_thought_is_retold_with_every_part_in_its_place():
    model = saying(KOREAN)
    told = await translate(PROBLEM, DRAFT, "ko", model, TranslateSettings())
    assert (told.language, told.refined_by, told.note) == ("ko", "strong", None)
    assert [(s.kind, s.node) for s in told.segments] == [(s.kind, s.node) for s in DRAFT.segments]
    assert [told.text[s.start : s.end] for s in told.segments] == KOREAN
    assert told.draft == DRAFT.text and told.id != DRAFT.id and thought_from_json(to_json(told)) == told
    (prompt, _) = model.calls[0]
    assert "Retell it in Korean" in prompt.text and prompt.text.rstrip().endswith("그대로 두세요.")


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        (lambda texts: [*texts[:2], *texts[3:]], "must each stand there exactly once"),
        (lambda texts: [DRAFT.segments[0].text, *texts[1:]], "part 1 is not in Korean"),
        (lambda texts: [*texts[:3], "그래서", *texts[4:]], "part 4 is much too short"),
        (lambda texts: [texts[0], "세어 보면 6 * 5 = 30이다.", *texts[2:]], "part 2 lacks the number 35"),
        (lambda texts: [*texts[:5], "# 정답\n\n41"], "the final answer is 41 and was 42"),
    ],
)
async def test_a_retelling_that_slips_is_refused_and_the_thought_kept_with_a_note(slip: Callable, why: str):
    told = await translate(PROBLEM, DRAFT, "ko", saying(slip(KOREAN)), ONCE)
    assert (told.language, told.refined_by, told.text, told.segments) == ("ko", None, DRAFT.text, DRAFT.segments)
    assert told.note is not None and told.note.startswith("kept out of Korean") and why in told.note


async def test_what_could_not_be_checked_is_not_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language_share, "_detector", lambda languages: None)
    model = saying(KOREAN)
    with pytest.raises(UsageError, match="py3langid"):
        await translate(PROBLEM, DRAFT, "de", model, ONCE)
    assert not model.calls
    assert (await translate(PROBLEM, DRAFT, "ko", model, ONCE)).refined_by == "strong"


async def test_a_second_try_is_given_the_flaws_of_the_first():
    model = saying(KOREAN[:-1], KOREAN)
    told = await translate(PROBLEM, DRAFT, "ko", model, TranslateSettings())
    assert told.refined_by == "strong" and len(model.calls) == 2
    assert "refused by a check" in model.calls[1][0].text


async def test_what_is_trained_on_in_a_language_is_retold_where_it_was_tried():
    refined = replace(DRAFT, id="r", text=DRAFT.text + "!", refined_by="strong")
    told = await translate(PROBLEM, DRAFT, "ko", saying(KOREAN), ONCE)
    of_refined = replace(told, id="x", draft=refined.text)
    assert chosen([DRAFT, told]) == [DRAFT] and chosen([DRAFT, told], "ko") == [told]
    assert chosen([DRAFT, refined, of_refined, told]) == [refined]
    assert chosen([DRAFT, refined, of_refined, told], "ko") == [of_refined]
    assert chosen([DRAFT, told], "de") == [DRAFT]


def test_formulas_numbers_and_code_are_in_no_language():
    assert share("$x = 3$, `print(1)` 12 \\frac{a}{b}", "ko") is None
    assert share("삼각형 ABC에서 AB = 3 cm이고 $\\sin x = 1$이다.", "ko", ("en",)) == 1.0
    assert share("We add them.", "zh", ("en",)) == 0.0
    assert share("Wir addieren beide Zahlen.", "de", ("en",)) == 1.0
    assert share("We add both of these numbers.", "de", ("en",)) == 0.0
    assert share("这一步没有问题。So we continue with the next one.", "zh", ("en",)) == pytest.approx(0.43, abs=0.01)
    assert share("Bonjour", "fr") is None


async def test_a_korean_draft_with_one_english_step_is_marked():
    told = await translate(PROBLEM, DRAFT, "ko", saying(KOREAN), ONCE)
    mixed = [
        *told.segments[:4],
        replace(told.segments[4], text="Then 30 + 12 = 42 follows from this."),
        told.segments[5],
    ]
    assert strays([s.text for s in told.segments], "ko", ("en",)) == []
    assert strays([s.text for s in mixed], "ko", ("en",)) == [5]


def test_full_width_digits_are_the_same_numbers():
    assert numbers("共１，２００个，１２．５") == numbers("1,200 and 12.5")


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("ko", ("두 수를 더한다.", "잠깐, 이 단계는 옳지 않다.", "문제로 돌아가자.", "검토해 보자.")),
        ("de", ("Wir addieren.", "Moment, das stimmt nicht.", "Ich gehe zurück zur Aufgabe.", "Ich überprüfe das.")),
        ("zh", ("我们相加。", "等等，这一步不对。", "让我回到题目。", "我们来验算一下。")),
    ],
)
def test_doubts_returns_and_checks_are_found_by_a_languages_own_words(language, texts):
    problem = replace(PROBLEM, task="math", language=language)
    kinds = [piece.kind for piece in pieces(problem, "\n\n".join(texts))]
    assert kinds == ["step", "reflection", "backtrack", "check"]
    found = read(["\n\n".join(texts)], "x", language=language)
    assert found.key_words and found.tokens > 8
    english = replace(PROBLEM, task="math")
    assert [p.kind for p in pieces(english, "A moment of inertia.\n\nDas ist ein Fehler.")] == ["step", "step"]
