import pytest

from journey.thoughts.formulas import tokens
from journey.thoughts.numbers import numbers


@pytest.mark.parametrize(
    "text, found",
    [
        ("1,000 and 1{,}000 and 1000.0 and 01000.", ["1000"] * 4),
        ("$\\frac{1}{2} = .5 = 0.50$", ["1", "2", "0.5", "0.5"]),
        ("(1,2), 1,23", ["1", "2", "1", "23"]),
        ("[asy]draw((0,0)--(9,9));[/asy] 7", ["7"]),
        ("no number", []),
    ],
)
def test_numbers_are_read_in_one_way_of_writing(text, found):
    assert numbers(text) == found


def test_a_drawing_between_two_numbers_parts_them_for_every_reader():
    text = "1[asy]draw(7);[/asy]2"
    assert numbers(text) == ["1", "2"] == [token.text for token in tokens(text)]
