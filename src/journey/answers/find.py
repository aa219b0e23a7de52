"""Find the final answer of a text, in the places where people and models put it."""

import re
from typing import NamedTuple

from journey.answers.phrases import cut
from journey.answers.thinking import visible

_BOX = r"\\{1,4}(?:boxed|fbox)|\x08oxed|(?<![A-Za-z\\])boxed(?=\{)"
_BRACES = re.compile(rf"(?:{_BOX})\s*\{{|\\.|[{{}}]", re.DOTALL)
_BOX_BEGINS = re.compile(_BOX)
_BETWEEN = re.compile(
    r"(?:\s|\$|\\quad|\\[,;: ])*(?:,|and|or|,\s*(?:and|or)|\\text\{\s*(?:and|or)\s*\})(?:\s|\$|\\quad|\\[,;: ])*|[ $]*"
)
_BARE_BOX = re.compile(r"\\boxed(?:\s+|(?=\\[dt]?frac|\\sqrt|\d))((?:\\[A-Za-z]+\s*(?:\{[^{}]*\}|\d)*|[^\s${}\\])+)")
_ANSWER = (
    r"(?:(?:the[ \t]+)?(?:final[ \t]+|correct[ \t]+)?answer|(?:最终|最后|正确)?答案|(?:최종[ \t]*)?(?:정답|해답|답)"
    r"|(?:die[ \t]+)?(?:endgültige[ \t]+|richtige[ \t]+)?antwort)"
)
_HEADING = re.compile(
    rf"^[ \t]*(?:#{{1,6}}[ \t]*(?:\*\*)?|\*\*){_ANSWER}[ \t]*[:：]?[ \t]*(?:\*\*)?[ \t]*(?:[:：]|$)",
    re.MULTILINE | re.IGNORECASE,
)
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_IN_LATIN = (
    r"\banswer(?:[ \t]*\*\*)?[ \t]*(?:is|(?:would|should|must|will) be|equals|comes (?:out )?to"
    r"|turns out to be|=|:)(?![a-z])[ \t]*:?|\[Final solution\]"
    r"|\bantwort(?:[ \t]*\*\*)?[ \t]*(?:(?:ist|lautet|beträgt|wäre)\b|=|:)[ \t]*:?"
    r"|\b(?:ist|lautet)[ \t]+die[ \t]+(?:(?:endgültige|richtige|gesuchte)[ \t]+)?antwort\b[ \t]*:?"
)
_STATED_IN_ASCII = re.compile(_IN_LATIN, re.IGNORECASE)
_STATED = re.compile(
    rf"{_IN_LATIN}"
    r"|答案[ \t]*(?:\*\*)?(?:应该是|应当是|应为|就是|等于|是|为|选|[：:=])+|故选[：:]?|^[ \t*]*答[：:]"
    r"|(?<![가-힣])(?:최종[ \t]?)?(?:정답|해답|답)(?:\*\*)?(?:은|[ \t]*[：:=])[ \t]*[：:]?",
    re.IGNORECASE | re.MULTILINE,
)
"""What stands before an answer in a sentence: in English, German, Chinese and Korean."""
_SENTENCE = re.compile(r"[ \t*]*((?:[^.\n。]|\.(?!\s|$|\*\*)){0,2000})")
_DISPLAY = re.compile(r"\s*(?:\$\$(.+?)\$\$|\\\[(.+?)\\\])", re.DOTALL)
_NONE = re.compile(
    r"(?:not|just|found|obtained|given|determined|calculated|computed|to|in|below|above|as|correct|wrong|right|incorrect|"
    r"simply|also|then|clear\w*|supposed|already|therefore|expected|reasonable|unique|what|how|when|if"
    r"|nicht|kein\w*|falsch|richtig|klar|dann|was|wie|wenn|ob|eindeutig|noch|unten|oben|gegeben|bekannt|gesucht|auf|zu)\b"
    r"|什么|多少|怎|哪|否|不(?!存在)|正确|错|对的|合理|显然|唯一|如下|这样|根据|由|从"
    r"|무엇|얼마|몇(?=\s|\?)|아니|아닙|맞|틀|옳|다음|같|위|주어진",
    re.IGNORECASE,
)
"""How a sentence goes on that tells of the answer and does not say it."""
_COPULA = re.compile(
    r"(?:[이가][ \t]?(?:됩니다|된다|되겠습니다)|입니다|이에요|예요|이다|이므로|이며|이고|(?<=\d)다$).*$"
)
_ASIDE = re.compile(r"[，；,;][ \t]*(?!或|和|以及|또는|그리고)(?=[一-鿿가-힣]{2}).*$|（[^（）\d]*）$")
_LETTER = re.compile(r"[一-鿿가-힣]")
_LONGEST = 12  # Han and Hangul of an answer without a number
_MOST = 64  # places that are looked at


def find_answer(text: str) -> str | None:
    r"""The final answer of a text, null where there is none. What a model thinks before it answers is left out.

    Explicit marks first, the last of them wins: `\boxed{...}` with balanced braces, a heading ("# Answer", "**Final
    Answer**"), `<answer>`; then GSM8K's and Abel's "####"; then what follows "answer is". A last box that is never
    closed is no answer, nor is an empty one, nor a sentence that only speaks of the answer.
    """
    text = visible(text)
    if (position := _unclosed(text)) >= 0:
        return marked(text[position:]) if _HEADING.search(text, position) else None
    for find in (marked, hashed, _stated):
        if answer := find(text):
            return answer
    return None


def marked(text: str) -> str | None:
    """What stands in the last explicit mark (a box, a heading, a tag), null without one."""
    position, answer = _last_box(text)
    for heading in _HEADING.finditer(text, max(position, 0)):
        rest = text[heading.end() :][:4_000].lstrip(" \t*:：")
        if not rest.lstrip().startswith("#") and (found := _first(rest.lstrip("\n \t"), whole_line=True)):
            position, answer = heading.start(), found
    for tag in _TAGGED.finditer(text, max(position, 0)):
        answer = find_answer(tag[1]) or bare(tag[1]) or answer
    return answer


def _unclosed(text: str) -> int:
    """Where the text's last box begins if it is never closed; -1 where all is well."""
    start = max((text.rfind(mark) for mark in (r"\boxed{", r"\fbox{")), default=-1)
    if start < 0:
        return -1
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text[start + 6 :], re.DOTALL):
        depth += (token[0] == "{") - (token[0] == "}")
        if depth <= 0 and token[0] == "}":
            return -1
    return start


def _last_box(text: str) -> tuple[int, str | None]:
    """Where the last box begins and what stands in it; boxes in a row ("\\boxed{1} and \\boxed{2}") are one list."""
    boxes = _boxes(text)
    if not boxes:
        loose = list(_BARE_BOX.finditer(text))
        return (loose[-1].start(), bare(loose[-1][1])) if loose else (-1, None)
    row = [boxes.pop()]
    while boxes and boxes[-1].end <= row[-1].start and _BETWEEN.fullmatch(text, boxes[-1].end, row[-1].start):
        row.append(boxes.pop())
    # A box that only says the same again adds nothing.
    contents = dict.fromkeys(bare(text[box.inner : box.end - 1]) for box in reversed(row))
    return row[0].start, ", ".join(content for content in contents if content) or None


class _Box(NamedTuple):
    start: int
    inner: int
    end: int


def _boxes(text: str) -> list[_Box]:
    # The boxes that are closed and not empty; of nested ones the innermost. One pass with a stack: a text of a million
    # unclosed boxes must not cost the square of its length.
    found: list[_Box] = []
    opened: list[tuple[int, int]] = []
    begin = _BOX_BEGINS.search(text)
    for token in _BRACES.finditer(text, begin.start()) if begin else ():
        mark = token[0]
        if mark == "{":
            opened.append((-1, 0))
        elif mark == "}":
            start, inner = opened.pop() if opened else (-1, 0)
            if start >= 0 and not (found and found[-1].start > start) and text[inner : token.start()].strip(" \n\t$*."):
                found.append(_Box(start, inner, token.end()))
        elif len(mark) > 2:
            opened.append(token.span())
    return found


def hashed(text: str) -> str | None:
    """What stands after the last "####" that marks an answer, null without one."""
    # "####" is also a Markdown heading: it is an answer only on the text's last line or before a number.
    start = text.rfind("####")
    if start < 0:
        return None
    line, _, rest = text[start + 4 :].lstrip(" \t#").partition("\n")
    return bare(line) if not rest.strip() or re.fullmatch(r"[-+$\d.,/\s]*\d", bare(line) or "") else None


def _stated(text: str) -> str | None:
    phrases = _STATED_IN_ASCII if text.isascii() else _STATED
    for place in list(phrases.finditer(text))[: -_MOST - 1 : -1]:
        if answer := _first(text[place.end() :][:4_000]):
            return answer
    return None


def _first(rest: str, *, whole_line: bool = False) -> str | None:
    """The answer that a text begins with: a formula set by itself, or the first sentence as far as it says it."""
    if display := _DISPLAY.match(rest):
        return bare(display[1] or display[2])
    line = rest.lstrip(" \t*:：")
    if line[:1] == "\n" and not line.strip().startswith("#"):
        line = line.strip().partition("\n")[0]
    sentence = _SENTENCE.match(line)
    given = bare(line.partition("\n")[0] if whole_line else sentence[1] if sentence else "")
    if given is None or whole_line:
        return given
    is_long = len(given.split()) > 5 or len(_LETTER.findall(given)) > _LONGEST
    if _NONE.match(given) or (is_long and not re.search(r"[\d\\$()=>,]", given)):
        return None
    if not given.isascii():
        given = bare(_ASIDE.sub("", without_copula(given))) or given
    return bare(cut(" " + given).strip()) or given


def without_copula(words: str) -> str:
    """A Korean sentence without the "is" that stands behind what it says: 42입니다 says 42."""
    return _COPULA.sub("", words) if _LETTER.search(words) else words


def bare(answer: str) -> str | None:
    """An answer without the dollars, bold marks and full stop around it; null when nothing is left."""
    for _ in range(4):  # layers: **$5$.**
        answer = answer.strip().removeprefix("**").removesuffix("**").strip().strip("`")
        if answer.endswith(("。", ".")) and not answer.endswith((r"\right.", "...")):
            answer = answer.rstrip("。.")
        for left, right in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
            if answer.startswith(left) and answer.endswith(right) and len(answer) >= len(left) + len(right):
                inner = answer[len(left) : len(answer) - len(right)]
                # "$1$ and $2$" is not one formula.
                answer = answer if left in inner and inner.strip() else inner
    return answer.strip() or None
