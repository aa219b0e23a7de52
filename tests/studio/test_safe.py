"""No text does anything in a page, and no text is lost from it."""

import html as html_lib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from studio.payloads import MARKDOWN, PAYLOADS, SCRIPTS

from journey.studio import safe
from journey.studio.plain_line import plain_line

ONLY_OURS = re.compile(r'(?:[^<>"\']|<span class="(?:program|math(?: display)?)">[^<>"\']*</span>)*')
pieces = st.sampled_from(["<", ">", "&", '"', "'", "\\(", "\\)", "\\[", "\\]", "$", "$$", "\\$", "\\\\", "\n", " ", "a",
                          "![x](", "[", "](", ")", "http://outside.example", "\\begin{align*}", "\\end{align*}", "\x00",
                          "\u202e", "\ud800", "<script>", "onerror=",
                          "```\n", "\n```\n", "```py\n"])  # fmt: skip
texts = st.lists(pieces | st.text(max_size=5), max_size=30).map("".join)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_text_and_nothing_else(payload: str):
    for said in (safe.html(payload), safe.html(payload, math=False), safe.answer(payload)):
        assert ONLY_OURS.fullmatch(said)


def test_there_are_enough_payloads():
    assert len(set(SCRIPTS)) >= 60


@given(texts)
def test_any_text_becomes_words_and_formulas_only(text: str):
    assert ONLY_OURS.fullmatch(safe.html(text))
    assert ONLY_OURS.fullmatch(safe.html(text, math=False))
    safe.html(text).encode()  # no lone surrogate is left to break the page's JSON


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="$\\[]()\xad"), max_size=60))
def test_plain_words_stay_as_they_are(text: str):
    assert html_lib.unescape(safe.html(text)) == text


@given(texts)
def test_formulas_follow_each_other_and_stand_in_the_text(text: str):
    at = 0
    for formula in safe.formulas(text):
        assert at <= formula.start < formula.end <= len(text)
        source = text[formula.start : formula.end]
        assert formula.tex in source or formula.tex in source.replace("\\\\", "\\")
        at = formula.end


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("so \\(x\\) and \\[y\\]", [("x", False), ("y", True)]),
        ("so $x$, $x^2 + 1$ and $$z$$", [("x", False), ("x^2 + 1", False), ("z", True)]),
        ("it costs $5 and then $6 more", []),
        ("a price of $\\$1.24$ each", [("\\$1.24", False)]),
        ("\\begin{align*} a &= b \\\\ c \\end{align*}", [("\\begin{align*} a &= b \\\\ c \\end{align*}", True)]),
        ("a row \\\\[2pt] of a matrix \\]", []),
        ("\\( never ends", []),
        ("$ x + 1 $ and $ y $", [(" x + 1 ", False), (" y ", False)]),
        ("from $ 5 and $ 10, or $ 3 - $ 4", []),
        ("So $12 \\times 3 = $36", []),
        ("twice escaped \\\\(\\\\frac{1}{2}\\\\) and \\\\[y\\\\]", [("\\frac{1}{2}", False), ("y", True)]),
        ("\\(\\)", []),
        ("\\begin{document} x \\end{document}", []),
        (f"\\({'x' * 5000}\\)", []),
    ],
)
def test_mathematics_is_found_where_it_is(text: str, formulas: list[tuple[str, bool]]):
    assert [(f.tex, f.display) for f in safe.formulas(text)] == formulas


def test_a_program_is_set_as_one_and_holds_no_formula() -> None:
    program = "```python\nprint('<b>$x$ [y](http://a.example)')\n```"
    shown = program.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;")
    assert safe.html(f"So $x$:\n{program}\nand $y$") == (
        f'So <span class="math">x</span>:\n<span class="program">{shown}</span>\nand <span class="math">y</span>'
    )
    assert "program" not in safe.html("```python\nnever ends $x$")
    assert safe.html("````\n" + "```x\n" * 30_000).count("program") == 0


@pytest.mark.parametrize("payload", MARKDOWN[:6])
def test_pictures_and_links_keep_their_words_and_lose_their_address(payload: str):
    assert safe.html(f"see {payload} here") == "see x here"


@pytest.mark.parametrize("text", ["[a+b](c+d)", "M[1](2)", "[0,1](closed)", "f[x](a.b), n![k](m)", "[x](y: 2)"])
def test_brackets_of_mathematics_are_no_link(text: str):
    assert safe.html(text) == text


def test_what_hides_or_reorders_text_is_shown():
    assert safe.html("a\u202eb\x07\u200b") == "a⟨U+202E⟩b⟨U+0007⟩⟨U+200B⟩"


@pytest.mark.parametrize(
    ("text", "said"),
    [("12", "12"),
     ("\\frac{1}{2}", '<span class="math">\\frac{1}{2}</span>'), ("$x^2$", '<span class="math">x^2</span>'),
     ("<b>", "&lt;b&gt;")],
)  # fmt: skip
def test_an_answer_in_tex_is_typeset_without_marks_too(text: str, said: str):
    assert safe.answer(text) == said


@given(texts, st.integers(2, 80))
def test_a_label_is_one_line_of_the_room_it_has(text: str, room: int):
    said = plain_line(text, room)
    assert len(said) <= room
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("so \\(\\frac{1}{2} \\times x^2\\)", "so 1/2 ×x²"),
        ("\\[\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}\\]", "( 1 ; 2 )"),
        ("costs $5 and $6", "costs $5 and $6"),
        ("\\(\\mathbf{v}\\) line\nbreak", "v line break"),
    ],
)
def test_a_label_says_a_formula_plainly(text: str, said: str):
    assert plain_line(text, 60) == said
