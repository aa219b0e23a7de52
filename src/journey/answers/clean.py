r"""One clean-up of what people, models and files write: LaTeX, Unicode, plain notation and Markdown in one alphabet.

What is left says the same with fewer signs: `π √ ∞ ± ∪ ∈ ∅ ℝ ≤ ≥ ≠ °` stand for LaTeX's commands, `« »` for the braces
of a set, `⟦ ⟧` for a matrix, `* /` for times and division; words stand bare (`\text{ cm}` is ` cm `).
"""

import re
import unicodedata
from functools import lru_cache

_SMALL = {"^": ("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ", "0123456789+-()n"), "_": ("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙ", "0123456789+-()n")}
_PAIRS = """−- –- —- ﹣- ‐- ‑- ×* ·* ⋅* ∙* ∗* ÷/ ∕/ ⁄/ º° ′' ’' ‘' “" ”" 。. 、, ∣| ｜| ⟨( ⟩) ⩽≤ ⩾≥ Ø∅ ø∅ ϕφ 𝜋π € £ ¥ ₹
    \u200b \ufeff \u202e \u2061"""
_TYPOGRAPHY = {ord(pair[0]): pair[1:] for pair in re.split(r"[ \n]+", _PAIRS)}
_TYPOGRAPHY |= {ord("或"): " or ", ord("和"): " and ", ord("…"): "...", ord("∛"): "√[3]"}
_COMMANDS = {
    name: sign.replace("_", " ")
    for line in r"""
        \frac dfrac tfrac cfrac¦\binom dbinom tbinom¦\tan tg¦\cot ctg¦\arctan arctg¦√ sqrt¦* cdot times ast¦/ div
        ∞ infty infin¦± pm¦∓ mp¦∪ cup bigcup¦∈ in¦∅ emptyset varnothing¦≤ le leq leqslant¦≥ ge geq geqslant¦≠ ne neq
        < lt¦> gt¦° circ degree¦« lbrace {¦» rbrace }¦( langle¦) rangle¦: colon¦ℝ R reals¦_or_ lor vee¦_and_ land wedge
        → to rightarrow¦' prime¦... ldots dots cdots dotsc dotsb¦\setminus backslash¦___ quad qquad¦% %¦# #¦& &¦Ω ohm
        φ varphi¦ε varepsilon¦θ vartheta¦| lvert rvert vert mid |¦_ , ; : > rm¦α alpha¦β beta¦γ gamma¦δ delta¦ε epsilon
        ζ zeta¦η eta¦θ theta¦κ kappa¦λ lambda¦μ mu¦ν nu¦ξ xi¦π pi¦ρ rho¦σ sigma¦τ tau¦φ phi¦χ chi¦ψ psi¦ω omega
        Γ Gamma¦Δ Delta¦Θ Theta¦Σ Sigma¦Φ Phi¦Ψ Psi¦Ω Omega""".strip().splitlines()
    for entry in line.split("¦")
    for sign, *names in [entry.split()]
    for name in names
}
_SETTING = r"""! / $ ( ) [ ] left right middle big bigl bigr bigg biggl biggr Big Bigl Bigr Bigg displaystyle textstyle
    limits scriptstyle bf it sf tt Large large LARGE huge small normalsize boldmath qed blacksquare square Box therefore
    hline bfseries euro pounds centering nolimits"""
_COMMANDS |= dict.fromkeys(_SETTING.split(), "") | {" ": " ", "\n": " ", "_": "_"}
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_WRAPPER = re.compile(
    r"\\(text(?:bf|it|rm|tt|sf|normal)?|[mh]box|math(?:rm|bf|it|sf|tt|normal|bb|cal)|operatorname\*?|bm|boldsymbol|emph"
    r"|underline|underbrace|mathop|boxed|fbox|Bbb|ensuremath)\s*(?=\{|[A-Z0-9])"
)
_DROPPED = re.compile(
    r"\\(?:text)?color\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}|\\(?:tag|[hv]space)\*?\s*\{[^{}]*\}|\\(?:label|phantom)\s*\{[^{}]*\}"
    r"|\\(?:left|right)\s*\.(?!\d)|\\kern[\d.]+[a-z]+"
)
_SETS = {"R": "ℝ", "Z": "ℤ", "N": "ℕ", "Q": "ℚ", "C": "ℂ"}
_MATRIX = re.compile(r"\\(begin|end)\s*\{(?:[pbB]?matrix|array|smallmatrix)\*?\}(?:\s*\{[lcr| ]*\})?")
_PLAIN = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"(?<![A-Za-z\\])(?:np|numpy|math|sp|sympy)\.(?=[a-z])", ""),
        (r"\*\*", "^"),
        (r"(?<=\d)\{([eE])\}(?=[-+]?\d)", r"\1"),
        (r"(?<=\d)\s*[xX]\s*(?=10\s*\^)", "*"),
        (r"(?<=[)\d])(or|and)(?=[-(\d])", r" \1 "),
        (r"<=|=<", "≤"),
        (r">=|=>", "≥"),
        (r"!=|=/=|<>", "≠"),
        (r"\^\s*\{?\s*°\s*\}?", "°"),
        (r"(?<![A-Za-z\\])(?:infinity|inf|oo)(?![A-Za-z])", "∞"),
        (r"(?<![A-Za-z\\])pi(?![A-Za-z])", "π"),
        (r"(?<![A-Za-z\\])sqrt(?=\s*[\d({])", "√"),
        (r"√\s*(\d{2,}(?:\.\d+)?)", r"√{\1}"),
        (r"(?<![\d.,] )(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d/]| \d)", lambda found: found[0].replace(" ", "")),
        (r"\s+", " "),
        (r"\\(frac|binom) ", r"\\\1"),
        (r"([_^])\{(\w)\}", r"\1\2"),
    )
]
_SIMPLE = re.compile(r"[0-9.,/+()-]*[0-9)]")  # nothing in it to clean


@lru_cache(maxsize=8192)
def clean(answer: str) -> str:
    """An answer in the one alphabet, without what only sets it: dollars, sizes, fonts, boxes, marks around it."""
    if _SIMPLE.fullmatch(answer):
        return answer
    text = answer if answer.isascii() else _folded(answer)
    text = _without_commands(text) if "\\" in text else text
    text = text.replace("$", "").replace("{,}", ",").replace("~", " ").replace("`", "").strip()
    text = re.sub(r"^\*\*(.*?)\*\*(?=[\s.,:]*$)", r"\1", text, flags=re.DOTALL)
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    text = text.strip(' ,;:"')
    text = text if text.endswith("...") else text.rstrip(" ,;:.")
    text = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
    while text[:1] == "{" and _closes(text, 0) == len(text) - 1 and "," not in text:
        text = text[1:-1].strip()
    return text


def _folded(text: str) -> str:
    """Full-width signs, small digits, fractions in one sign and typography as plain signs."""
    for mark, (small, plain) in _SMALL.items():
        table = str.maketrans(small, plain)
        text = re.sub(
            f"[{small}]+", lambda found, table=table, mark=mark: f"{mark}{{{found[0].translate(table)}}}", text
        )
    return "".join(map(_unfolded, text)).translate(_TYPOGRAPHY)


@lru_cache(maxsize=1024)
def _unfolded(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char)
    if char < "\x80" or char in "°º·…′﹣ℝℤℕℚℂ" or len(plain) > 5:
        return char
    over, slash, under = plain.partition("⁄")
    return rf"\frac{{{over}}}{{{under}}}" if slash and over else " " if plain.isspace() else plain


def _without_commands(text: str) -> str:
    if "\\\\" in text and "begin" not in text:
        text = re.sub(r"\\\\(?=[a-zA-Z]{2})", r"\\", text)
    text = _DROPPED.sub("", text)
    for _ in range(60):  # layers and pieces
        if (found := _WRAPPER.search(text)) is None:
            break
        at = found.end()
        end = _closes(text, at) if text[at] == "{" else at
        inner = "" if end is None else text[at + 1 : end] if text[at] == "{" else text[at]
        text = text[: found.start()] + _unwrapped(found[1], inner) + text[at + 1 if end is None else end + 1 :]
    text = _MATRIX.sub(lambda found: "⟦" if found[1] == "begin" else "⟧", text)
    # Rows of a matrix end with two slashes.
    rows = [_COMMAND.sub(lambda found: _COMMANDS.get(found[1], found[0]), row) for row in text.split("\\\\")]
    return "\\\\".join(rows)


def _unwrapped(wrapper: str, inner: str) -> str:
    if wrapper in ("mathbb", "Bbb", "mathcal"):
        return _SETS.get(inner.strip(), inner)
    if wrapper.startswith("operatorname"):
        return f"\\{inner.strip()} "
    is_word = re.search("[A-Za-z]{2}|~", inner) and "\\" not in inner
    return f" {inner} " if is_word or wrapper.startswith(("text", "mbox", "hbox")) else f"{{{inner}}}"


def _closes(text: str, at: int) -> int | None:
    """Where the brace that opens at `at` is closed; null where it is not."""
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text[at:], re.DOTALL):
        depth += (token[0] == "{") - (token[0] == "}")
        if token[0] == "}" and depth <= 0:
            return at + token.start()
    return None
