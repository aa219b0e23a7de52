"""Answers and thoughts that mean harm, drawn by seed: what S5 and F7 send through finder, checker and readers."""

import random
from collections.abc import Callable, Iterator

CANARY = "journey-was-here"  # a file of this name is what code in an answer would make

_DIGITS = "0123456789"
_ODD = "\x00\x07\u202e\u200b\ufeff\ud800\U0001d518😀ﷺ٣²½−"


def _deep(rng: random.Random) -> str:
    """Brackets, fractions, roots or powers inside each other."""
    depth = rng.choice([10, 100, 1000, 20_000])
    return rng.choice(
        [
            "(" * depth + "1" + ")" * depth,
            r"\frac{" * depth + "1" + "}{2}" * depth,
            r"\sqrt{" * depth,
            "2^{" * depth + "2",
            r"\left(" * depth + "x" + r"\right)" * (depth // 2),
            "-" * depth + "1",
            "[" * depth,
        ]
    )


def _huge(rng: random.Random) -> str:
    """Powers, factorials, sums and numbers that nobody can hold."""
    n = rng.randint(5, 9)
    return rng.choice(
        [
            "^".join([str(n)] * rng.randint(3, 9)),
            "^{".join([str(n)] * 6) + "}" * 5,
            f"{n}!!!!!",
            f"({n}^{n})!",
            rf"\sum_{{k=1}}^{{10^{n}}} \frac{{1}}{{k!}}",
            rf"\binom{{10^{n}}}{{10^{n - 1}}}",
            f"10**10**{n}",
            rng.choice(_DIGITS[1:]) * rng.choice([400, 5000, 100_000]),
            f"1e{n * 10**6}",
            rf"\int_0^1 \sin(x^{{x^{{{n}x}}}}) dx",
        ]
    )


def _code(rng: random.Random) -> str:
    """Python that would leave a file behind if anybody ran it."""
    deed = f"open('{CANARY}', 'w')"
    call = rng.choice(
        ["{d}", "__import__('os').system('touch " + CANARY + "')", 'eval("{d}")', "[].__class__.__base__"]
    )
    body = call.replace("{d}", deed)
    return rng.choice(
        [body, f"sympify({body!r})", rf"\text{{{body}}}", f"x.subs(1, {body})", f"{{{{ {body} }}}}", f"f'{{{body}}}'"]
    )


def _odd(rng: random.Random) -> str:
    """Characters that break terminals, encoders and comparisons."""
    return "".join(rng.choices(_ODD + "12+=x ", k=rng.choice([1, 8, 200])))


def _marks(rng: random.Random) -> str:
    """Marks of answers and of markup that are never closed, or closed too often."""
    mark = rng.choice([r"\boxed{", "# Answer\n\n", "####", "<think>", "[[1]]", "```", "$", r"\[", "&", "\\\\", "\\"])
    return mark * rng.choice([1, 7, 500, 20_000]) + rng.choice(["", "1", "}" * 9])


def _long(rng: random.Random) -> str:
    """A megabyte of one thing."""
    return rng.choice(["x", " ", "\n", "1 + ", r"\boxed{1} ", "answer is "]) * 130_000


KINDS: dict[str, Callable[[random.Random], str]] = {
    "deep": _deep,
    "huge": _huge,
    "code": _code,
    "odd characters": _odd,
    "marks": _marks,
    "a megabyte": _long,
}
_SHARE = {"a megabyte": 0.02}


def hostile(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """`count` pairs of kind and text; a few of each hundred are a megabyte long."""
    rng = random.Random(seed)
    names = list(KINDS)
    weights = [_SHARE.get(name, 1.0) for name in names]
    for _ in range(count):
        name = rng.choices(names, weights)[0]
        yield name, KINDS[name](rng)
