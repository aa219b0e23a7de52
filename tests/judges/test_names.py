"""Judges are named by records: read once from a user's text, shown by one function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.judges.base import JudgeRef, JudgeWork
from journey.judges.critic import CriticSettings
from journey.judges.names import asks_nothing, estimate, models_of, read, single
from journey.models.budget import Usage
from journey.models.estimate import Estimate

EXACT, CRITIC = JudgeRef("exact"), JudgeRef("critic")
ODD = st.text(st.sampled_from("ab/+=. #'\":é"), min_size=1).filter(lambda text: text == text.strip())
BALANCED = st.builds("{}[{}]{}".format, ODD, ODD, ODD) | ODD
SINGLE = st.sampled_from([EXACT, CRITIC]) | st.builds(JudgeRef, st.sampled_from(["critic", "rollout"]), BALANCED)
REFS = st.recursive(
    SINGLE,
    lambda inner: st.builds(
        lambda kind, parts: JudgeRef(kind, parts=tuple(parts)),
        st.sampled_from(["vote", "min"]),
        st.lists(inner, min_size=2, max_size=4),
    ),
)


@given(REFS)
def test_what_is_shown_is_read_back_as_the_same_judge(ref: JudgeRef) -> None:
    assert read(ref.label) == ref


def test_a_model_keeps_the_commas_and_brackets_of_its_name() -> None:
    assert read("critic:openai/a,b[c=d]+e n=4") == JudgeRef("critic", "openai/a,b[c=d]+e n=4")
    assert read("vote:[critic:openai/a,b, exact,rollout:hf/x,y[z]]").parts == (
        JudgeRef("critic", "openai/a,b"),
        EXACT,
        JudgeRef("rollout", "hf/x,y[z]"),
    )
    assert read("critic:openai/min:[a]") == JudgeRef("critic", "openai/min:[a]")


def test_a_combination_knows_its_judges_and_their_models() -> None:
    ref = read("vote:[exact,min:[critic:openai/x,rollout:tiny],critic]")
    assert single(ref) == [EXACT, JudgeRef("critic", "openai/x"), JudgeRef("rollout", "tiny"), CRITIC]
    assert models_of(ref, "hf/strong") == ["openai/x", "tiny", "hf/strong"]
    assert not asks_nothing(ref) and asks_nothing(read("vote:[exact,scripted:FILE]"))


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("exakt", "there is no judge 'exakt'; known are exact, critic, critic:MODEL, rollout:MODEL"),
        ("rollout:", "there is no judge"),
        ("exact:x", "there is no judge"),
        ("vote:exact", r"write it like vote:\[exact,critic\]"),
        ("vote:[exact]", "names one judge only"),
        ("vote:[critic:a,exakt]", "names one judge only"),
        ("vote:[exact,exakt]", "there is no judge 'exakt'"),
        ("vote:[critic:a,[b]", "brackets closed"),
        ("vote:[exact,,critic]", "brackets closed|there is no judge"),
        ("mean:[]", "brackets closed"),
    ],
)
def test_a_text_that_names_no_judge_is_refused_with_the_mend(text: str, mend: str) -> None:
    with pytest.raises(UsageError, match=mend):
        read(text)


def test_an_estimate_counts_every_judge_of_a_combination() -> None:
    work = JudgeWork(calls=10, steps=30, read=1000, written=300)
    settings = {"critic": CriticSettings(retries=1, votes=2, temperature=1.0, max_tokens=5)}
    found = estimate(read("vote:[exact,critic,rollout:tiny]"), settings, work, "strong")
    assert found == [
        Estimate("strong", "verdicts", Usage(20, 2600, 200)),
        Estimate("tiny", "rollouts", Usage(240, 26_400, 240 * 512)),
    ]
