"""A step in one short line for the picture of a tree, formulas written out plainly: \\frac{1}{2} as 1/2."""

import re

from journey.studio import safe

_SIGNS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "equiv": "≡", "infty": "∞", "pi": "π", "theta": "θ", "alpha": "α",
    "beta": "β", "gamma": "γ", "delta": "δ", "omega": "ω", "lambda": "λ", "mu": "μ", "phi": "φ", "sigma": "σ",
    "epsilon": "ε", "Delta": "Δ", "Omega": "Ω", "circ": "°", "angle": "∠", "triangle": "△", "perp": "⊥",
    "parallel": "∥", "in": "∈", "cup": "∪", "cap": "∩", "subset": "⊂", "to": "→", "rightarrow": "→",
    "Rightarrow": "⇒", "implies": "⇒", "sum": "∑", "prod": "∏", "int": "∫", "ldots": "…", "dots": "…", "cdots": "…",
    "quad": " ", "qquad": " ", "mid": "|", "sqrt": "√", "sin": "sin", "cos": "cos", "tan": "tan", "log": "log",
    "ln": "ln", "max": "max", "min": "min", "gcd": "gcd",
}  # fmt: skip
_POWERS = str.maketrans("0123456789n-+", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁻⁺")
_SIMPLE = re.compile(r"[\w.]{1,12}")
# Each looks at a bounded piece, so that no text takes long.
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]{0,80})\}|(\d))\s*(?:\{([^{}]{0,80})\}|(\d))")
_WRAPPED = re.compile(
    r"\\(?:mathbf|mathrm|mathbb|mathit|text|textbf|textit|operatorname|boxed|overline|overrightarrow|vec|hat|bar|mbox)"
    r"\s*\{([^{}]{0,200})\}"
)
_POWER = re.compile(r"\^(?:\{([0-9n+-]{1,4})\}|([0-9n]))")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]{0,20})\}(?:\{[^{}]{0,20}\})?")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_DELIMITER = re.compile(r"\\[\[\]()]|(?<!\\)\$+|\\left|\\right|\\[bB]igg?[lr]?|\\[,;:! ]|[{}]")
_LOOKED_AT = 600


def plain_line(text: str, room: int) -> str:
    """The text in one plain line of at most `room` letters; not HTML: it is to be set as text."""
    text = text[:_LOOKED_AT]
    parts: list[str] = []
    at = 0
    for formula in safe.formulas(text):
        parts += [text[at : formula.start], _plain(formula.tex)]
        at = formula.end
    rest = text[at:]  # a formula that was cut off has no end
    return safe.line("".join([*parts, _plain(rest) if "\\" in rest else rest]), room)


def _plain(text: str) -> str:
    for _ in range(3):  # fractions in fractions
        text = _WRAPPED.sub(lambda found: found[1], text)
        text = _FRACTION.sub(lambda f: f"{_close(f[1] or f[2] or '')}/{_close(f[3] or f[4] or '')}", text)
    text = _ENVIRONMENT.sub(_bracket, text).replace("\\\\", "; ").replace("\\$", "§dollar§").replace("\\%", "%")
    text = _DELIMITER.sub("", _POWER.sub(lambda f: (f[1] or f[2]).translate(_POWERS), text))
    text = _COMMAND.sub(lambda found: _SIGNS.get(found[1], found[1] + " "), text)
    return text.replace("§dollar§", "$").replace("&", " ")


def _bracket(found: re.Match[str]) -> str:
    if "matrix" not in found[2]:
        return " "
    return "(" if found[1] == "begin" else ")"


def _close(part: str) -> str:
    return part if _SIMPLE.fullmatch(part) else f"({part})"
