"""Credit on made-up walks: what every line must hold, and each formula on an example worked out by hand."""

import math
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import examples

from journey.errors import UsageError
from journey.training.credit import (
    CREDITS,
    CreditSettings,
    Walk,
    by_line,
    check_lines,
    flipped,
    mixed,
    token_advantages,
    value_change,
)

PLAIN = CreditSettings()
LINES = sorted(CREDITS)
SEGMENT_LINES = [name for name, line in CREDITS.items() if line.per == "segment"]
VALUE_LINES = [name for name, line in CREDITS.items() if line.give is value_change]
JUDGE_LINES = [name for name, line in CREDITS.items() if line.needs == "verdicts"]
unit = st.floats(0, 1, allow_subnormal=False)


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    pieces = draw(st.integers(1, 8))
    verdicts = draw(st.lists(st.sampled_from([1.0, 0.0, -1.0, None]), min_size=pieces, max_size=pieces))
    values = draw(st.lists(st.none() | unit, min_size=pieces + 1, max_size=pieces + 1))
    return Walk(pieces, draw(st.sampled_from([1.0, 0.0, -0.5, None])), verdicts, values, draw(st.integers(0, pieces)))


groups = st.lists(walks(), min_size=1, max_size=8)


def tokens_paid(name: str, walk: Walk, credit: list[float], tokens: list[int], weight: float = 1.0) -> list[float]:
    return token_advantages(walk, {name: credit}, {name: weight}, tokens, PLAIN)


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=examples(40), deadline=None)
@given(group=groups, data=st.data())
def test_no_line_is_paid_by_the_length_of_a_piece(name: str, group: list[Walk], data: st.DataObject) -> None:
    for walk, credit in zip(group, CREDITS[name].give(group, PLAIN), strict=True):
        lengths = st.lists(st.integers(1, 40), min_size=walk.pieces, max_size=walk.pieces)
        short, long = data.draw(lengths), data.draw(lengths)
        one, two = tokens_paid(name, walk, credit, short), tokens_paid(name, walk, credit, long)
        assert (len(one), len(two)) == (sum(short), sum(long))
        if CREDITS[name].per == "segment":
            owned = PLAIN.segment_tokens * sum(credit[walk.shared :])
            assert math.fsum(one) == pytest.approx(owned, abs=1e-9) == math.fsum(two)
        else:  # a factor of the whole text's probability: the same at every token, however many there are
            assert set(one) | set(two) <= {0.0, credit[0]}


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=examples(40), deadline=None)
@given(group=groups, normalise=st.sampled_from(["none", "spread"]))
def test_every_line_is_bounded_and_gives_one_credit_a_piece(name: str, group: list[Walk], normalise: str) -> None:
    for walk, credit in zip(group, CREDITS[name].give(group, CreditSettings(normalise=normalise)), strict=True):  # type: ignore[arg-type]
        assert len(credit) == walk.pieces
        assert all(abs(one) <= 3.0 for one in credit)


@pytest.mark.parametrize("name", VALUE_LINES)
@settings(max_examples=examples(40), deadline=None)
@given(values=st.lists(unit, min_size=2, max_size=9), data=st.data())
def test_what_the_loss_sums_by_value_telescopes_to_the_outcome(
    name: str, values: list[float], data: st.DataObject
) -> None:
    right = data.draw(st.sampled_from([0.0, 1.0]))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    inner = [None if hide else value for hide, value in zip(hidden[1:], values[1:], strict=True)]
    walk = Walk(len(values), right, values=[values[0], *inner, right])
    (credit,) = CREDITS[name].give([walk], PLAIN)
    tokens = data.draw(st.lists(st.integers(0, 30), min_size=walk.pieces, max_size=walk.pieces).filter(any))
    paid = math.fsum(tokens_paid(name, walk, credit, tokens))
    assert paid == pytest.approx(PLAIN.segment_tokens * (right - values[0]), abs=1e-9)


@pytest.mark.parametrize("name", VALUE_LINES)
@settings(max_examples=examples(40), deadline=None)
@given(before=st.lists(unit, min_size=1, max_size=5), dip=st.lists(st.none() | unit, max_size=4), data=st.data())
def test_a_detour_and_its_return_earn_nothing_by_value(
    name: str, before: list[float], dip: list[float | None], data: st.DataObject
) -> None:
    there = before[-1]
    straight = Walk(len(before), 1.0, values=[*before, 1.0])
    walk = Walk(len(before) + len(dip) + 1, 1.0, values=[*before, *dip, there, 1.0])
    (without,), (credit,) = CREDITS[name].give([straight], PLAIN), CREDITS[name].give([walk], PLAIN)
    detour = slice(len(before) - 1, len(before) + len(dip))
    assert math.fsum(credit[detour]) == pytest.approx(0, abs=1e-9)
    assert [*credit[: detour.start], *credit[detour.stop :]] == pytest.approx(without)
    tokens = data.draw(st.lists(st.integers(1, 30), min_size=walk.pieces, max_size=walk.pieces))
    ends = list(accumulate(tokens, initial=0))
    paid = tokens_paid(name, walk, credit, tokens)[ends[detour.start] : ends[detour.stop]]
    assert math.fsum(paid) == pytest.approx(0, abs=1e-9)


def test_a_step_judge_takes_from_every_detour_and_pays_for_going_wrong_and_back_where_it_judges_returns() -> None:
    judged, unjudged = Walk(3, verdicts=[-1, 1, 1]), Walk(3, verdicts=[-1, None, 1])
    assert CREDITS["judge-step"].give([judged, unjudged], PLAIN) == [[-1, 1, 1], [-1, 0, 1]]


@pytest.mark.parametrize("name", JUDGE_LINES)
@settings(max_examples=examples(40), deadline=None)
@given(group=groups)
def test_a_null_verdict_gives_no_credit_and_changes_none(name: str, group: list[Walk]) -> None:
    known = [[one for one in walk.verdicts if one is not None] for walk in group]
    without = CREDITS[name].give([Walk(len(one), verdicts=one) for one in known], PLAIN)
    for walk, credit, other in zip(group, CREDITS[name].give(group, PLAIN), without, strict=True):
        judged = [one for one, verdict in zip(credit, walk.verdicts, strict=True) if verdict is not None]
        assert judged == pytest.approx(other)
        assert not any(one for one, verdict in zip(credit, walk.verdicts, strict=True) if verdict is None)


@pytest.mark.parametrize("name", LINES)
def test_a_text_of_which_nothing_is_known_gets_no_credit(name: str) -> None:
    assert CREDITS[name].give([Walk(2), Walk(1, values=[None, 1.0])], PLAIN) == [[0, 0], [0]]


def test_outcome_is_relative_to_the_group_and_a_text_without_a_reward_leaves_it() -> None:
    group = [Walk(2, 1.0), Walk(1, 0.0), Walk(1, None), Walk(1, 0.0)]
    assert CREDITS["outcome"].give(group, PLAIN)[0] == pytest.approx([2 / 3] * 2)
    spread = CREDITS["outcome"].give(group, CreditSettings(normalise="spread"))
    assert [one for (one, *_) in spread] == pytest.approx([2**0.5, -(0.5**0.5), 0, -(0.5**0.5)])


@pytest.mark.parametrize("normalise", ["none", "spread"])
def test_a_group_without_variance_or_of_one_gives_nothing_by_outcome(normalise: str) -> None:
    how = CreditSettings(normalise=normalise)  # type: ignore[arg-type]
    for group in ([Walk(2, 0.1)] * 3, [Walk(1, 1.0), Walk(1, None)], [Walk(1, 1.0)]):
        assert not any(one for credit in CREDITS["outcome"].give(group, how) for one in credit)


def test_the_judge_lines_on_a_walk_worked_out_by_hand() -> None:
    group = [Walk(4, verdicts=[1, -1, None, 1]), Walk(1, verdicts=[-1])]
    assert CREDITS["judge-step"].give(group, PLAIN) == [[1, -1, 0, 1], [-1]]
    assert CREDITS["judge-sum"].give(group, PLAIN) == [[1, 0, 0, 1], [-1]]  # the mean of the four verdicts is 0
    first, second = CREDITS["judge-min"].give(group, PLAIN)  # the others' sum, -1, is taken out in three parts
    assert first == pytest.approx([0, -1 / 3, 0, 1 / 3], abs=1e-6)
    assert second == pytest.approx([0], abs=1e-6)
    assert CREDITS["judge-min"].give(group[:1], PLAIN)[0] == pytest.approx([-1, -1, 0, 0], abs=1e-6)


def test_a_mixture_is_the_sum_of_its_lines_by_weight_and_shared_pieces_are_not_paid_again() -> None:
    weights = {"outcome": 1.0, "value-exact": 0.5}
    group = [Walk(2, 1.0, values=[1, 0, 1]), Walk(2, 0.0, values=[1, 0, 0], shared=1)]
    one, two = by_line(group, weights, PLAIN)
    assert mixed(one, weights, 2) == [0.0, 1.0]
    assert token_advantages(group[0], one, weights, [2, 5], PLAIN) == pytest.approx([-2.0] * 2 + [1.5] * 5)
    assert token_advantages(group[1], two, weights, [2, 1], PLAIN) == pytest.approx([0, 0, -0.5])


def test_credit_of_a_piece_without_tokens_goes_to_its_neighbour() -> None:
    walk, credit = Walk(4), {"value": [1.0, 2.0, 4.0, 8.0]}
    assert token_advantages(walk, credit, {"value": 0.1}, [0, 1, 2, 0], PLAIN) == pytest.approx([3.0, 6.0, 6.0])
    assert token_advantages(walk, credit, {"value": 0.1}, [0, 0, 0, 0], PLAIN) == []


def test_verdicts_are_turned_round_by_their_content() -> None:
    verdicts = [1.0, -1.0, None, 0.0] * 100
    found = flipped(verdicts, 0.3, "problem", "text")
    assert found == flipped(verdicts, 0.3, "problem", "text") != flipped(verdicts, 0.3, "problem", "other text")
    turned = sum(one != two for one, two in zip(verdicts, found, strict=True))
    assert 40 < turned < 80 and found.count(None) == 100
    assert flipped(verdicts, 0.0) == verdicts and flipped([1.0, -1.0], 1.0) == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ({"judge": 1.0}, "no credit 'judge'"),
        ({"outcome": 0.0}, "no credit has a weight"),
        ({"outcome": math.nan}, "give a number"),
        ({"outcome": 1.0, "judge-step": -0.5}, "or wrong pieces would be paid"),
        ({"tree": 1.0, "value-exact": 1.0}, "choose one"),
    ],
)
def test_weights_by_which_nothing_can_be_credited_are_refused(weights: dict[str, float], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_lines(weights)
