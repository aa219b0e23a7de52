"""One small sample of each kind of answer as people and models write them, with what it is compared to."""

import pytest

from journey.answers.compare import decide, key, may_ask

RIGHT = r"""
0.0003 <- 3e-4
6.02\times10^{23} <- 6.02E+23
2500 <- 2.5x10^3
14 <- 14 lemons
14 <- \text{There are 14 lemons}
14 <- 14 (stamps)
14 <- 14 boxes of pizza
1\,400 <- 1,400 tins
14 <- 14 kilometres per hour
14\text{ g/cm}^3 <- 14
7.5\text{ m/s}^2 <- 7.5 m/s^2
96 <- 8 dozen
7000000 <- 7\text{ million}
2.5 <- two and a half
17 <- seventeen
31 <- 31, in total
31 <- 31, which is the sum
31 <- 40 - 9 = 31 kites
31 <- The answer is 31 because 40 - 9 = 31
5\sqrt{7} <- 5√7
\frac34 <- ¾
10^5 <- 10⁵
(-\infty, 4] <- (−∞, 4]
(3,4) <- （3，4）
1000 <- 1 000
(1,6) <- 1<x<6
[2,\infty) <- y \ge 2
\{t \mid t<5\} <- (-\infty,5)
(-\infty,-3)\cup(3,\infty) <- |x|>3
(-\infty,-3)\cup(3,\infty) <- x<-3 \text{ or } x>3
(3,\infty) <- 2x - 1 > 5
3\pi r <- 3*pi*r
\sqrt5 <- sqrt(5)
y^3 <- y**3
e^{4} <- exp(4)
\sin 30^\circ <- \frac12
\frac{\pi}{4} <- 45^\circ
e^{i\pi} <- -1
7.25 <- 7.25\%
0.0725 <- 7.25\%
\frac13 <- 33\frac13\%
(D) 9 <- D
D <- Option D
\text{no solution} <- \text{no solutions}
\emptyset <- \varnothing
\frac16 <- 0.1666...
2:3:4 <- 4:6:8
\mathbb{R} <- all real numbers
16:05 <- 4:05 PM
60.5^\circ <- 60^\circ 30'
(1,2) <- x=1,\ y=2
9 <- \bm{9}
9 <- {\color{blue}9}
\frac{1}{900!} <- \frac{900}{900\cdot 900!}
\frac{\pi}{3}+k\pi <- \frac{\pi}{3}+n\pi
\frac{dy}{dx}=3x <- 3x
"""
WRONG = r"""
14 <- 15 lemons
7 <- 7\text{ million}
7 <- 7\text{ and a half}
7 <- 7\text{ if }n\text{ is odd, }8\text{ if even}
7 <- \text{at least }7
7 <- 7\text{ doubled}
7 <- 7 to the power of two
12 <- 12\text{ hours and }15\text{ minutes}
31 <- 30, not 31
[2,\infty) <- y > 2
\frac{1}{1500!} <- \frac{1}{1502!}
1.5e-7 <- 1.6e-7
20\% <- 0.02
2:3:4 <- 4:9:16
16:05 <- 16:06
C <- D
1,2 <- 12
\text{even} <- \text{odd}
"""
OPEN = r"""
12 <- 12\text{ dozen}
0.5 <- 0.5\%
5 <- 5m
5\text{ cm} <- 5\text{ cm}^2
1000 <- 1 km
"""


def rows(text: str) -> list[list[str]]:
    return [line.split(" <- ") for line in text.strip().splitlines()]


@pytest.mark.parametrize(("gold", "answer"), rows(RIGHT))
def test_each_kind_is_right_as_it_is_written(gold, answer):
    assert decide(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), rows(WRONG))
def test_words_and_signs_that_change_a_number_are_seen(gold, answer):
    assert decide(gold, answer) is False


@pytest.mark.parametrize(("gold", "answer"), rows(OPEN))
def test_what_may_be_meant_either_way_is_left_open_for_good(gold, answer):
    assert decide(gold, answer) is None
    assert not may_ask(gold, answer)


def test_votes_are_counted_by_value_but_sums_as_they_are_written():
    assert len({key(one) for one in (r"\frac12", r"\dfrac{1}{2}", "0.5", "1/2")}) == 1
    assert key("(1,2)") == key("(1, 2)") != key("(2,1)")
    assert key("1,000") == key("1000")
    assert key("8 * (15 - 7)") != key("64")
    assert key("2^{20000}") != key("2^{20001}")
