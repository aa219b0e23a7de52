"""The tokenizer of a process reward model: hostile text made ids, and the checks that a form makes of it at load."""

from collections.abc import Sequence
from typing import Any

from journey.errors import UsageError
from journey.models.local_text import Text, templated


class Unreadable(Exception):
    """This solution cannot be laid out for the model; the message says why."""


class Spelling:
    """A tokenizer that turns hostile text into ids: neither the step tag nor a special token can come out of a step."""

    def __init__(self, tokenizer: Any, tag: str | None) -> None:
        self.tokenizer = tokenizer
        self.tag = tag
        self.tag_id: int | None = None
        self.word_ids: tuple[int, ...] = ()
        self._text = Text(tokenizer, (), len(tokenizer))
        self._special = sorted({str(token) for token in tokenizer.all_special_tokens} - {""}, key=len, reverse=True)

    def ids(self, text: str, *, first: bool = False) -> list[int]:
        """The ids of a text; what opens a text (a BOS token, say) is added to the `first` piece only.

        Raises Unreadable for a word that the vocabulary lacks.
        """
        if (missing := self._text.missing(text)) is not None:
            raise Unreadable(f"the judge's vocabulary lacks {missing[:40]!r}")
        ids = list(self.tokenizer(text, add_special_tokens=first)["input_ids"])
        if first and len(ids) > 1 and ids[-1] == self.tokenizer.eos_token_id:
            ids.pop()  # some tokenizers close every text; a solution stays open
        return ids

    def plain(self, text: str) -> str:
        """The text with a space in the place of every special token."""
        for token in self._special:
            text = text.replace(token, " ")
        return text

    def step(self, text: str) -> str:
        """A step with a space in the place of every special token and step tag. Raises Unreadable for an empty one."""
        text = self.plain(text)
        if self.tag is not None:
            text = text.replace(self.tag, " ")
        if not text.strip():
            raise Unreadable("the step is empty")
        return text

    def question(self, text: str) -> str:
        """A question likewise; a tag of white space alone may stay, for no score is read in a question."""
        text = self.plain(text)
        return text if self.tag is None or not self.tag.strip() else text.replace(self.tag, " ")

    def one(self, text: str, before: str = "") -> int:
        """The id of a text that must be one known token, written behind `before`. Raises UsageError."""
        context = list(self.tokenizer(before, add_special_tokens=False)["input_ids"]) if before else []
        ids = list(self.tokenizer(before + text, add_special_tokens=False)["input_ids"]) if self._knows(text) else []
        found = ids[len(context) :] if ids[: len(context)] == context else []
        if len(found) != 1 or found[0] == self.tokenizer.unk_token_id:
            raise UsageError(
                f"{text.strip() or text!r} is not one token of this model's tokenizer, so it is no model of this form; "
                "name its form, or its own tag"
            )
        return found[0]

    def chat(self, turns: Sequence[tuple[str, str]], *, is_open: bool) -> str:
        """The turns (role, text) as the chat template writes them; `is_open`: up to where the assistant speaks."""
        messages = [{"role": role, "content": content} for role, content in turns]
        return templated(self.tokenizer, messages, is_open=is_open)

    def _knows(self, text: str) -> bool:
        return self._text.missing(text) is None


def check_words(spelling: Spelling) -> None:
    """The tag and both words stand as one token each behind a space, as in the published code. Raises UsageError."""
    good = spelling.one("+")
    bad = spelling.one(" -", "+")
    spelling.tag_id = spelling.one(f" {spelling.tag}", "+ -")
    spelling.word_ids = (bad, good)


def check_tag(spelling: Spelling) -> None:
    """The tag is one known token. Raises UsageError, as for a tokenizer without a chat template."""
    spelling.tag_id = spelling.one(str(spelling.tag))
    _refuse_no_template(spelling)


def check_chat(spelling: Spelling) -> None:
    """The assistant's opened turn goes on with "+" or "-" as one token each. Raises UsageError."""
    _refuse_no_template(spelling)
    opened = spelling.chat([("user", "1")], is_open=True)
    spelling.word_ids = (spelling.one("-", opened), spelling.one("+", opened))
    if opened + "+" not in spelling.chat([("user", "1"), ("assistant", "+")], is_open=False):
        raise UsageError("the chat template does not write an assistant's turn as it opens one; name another form")


def _refuse_no_template(spelling: Spelling) -> None:
    if spelling.tokenizer.chat_template is None:
        raise UsageError("this form needs the tokenizer's chat template and there is none; name another form")


def check_padding(spelling: Spelling) -> None:
    """The tokenizer has a padding token, which separates the steps. Raises UsageError."""
    if spelling.tokenizer.pad_token is None:
        raise UsageError("this form separates steps by the padding token, and the tokenizer has none; give it one")
    spelling.tag, spelling.tag_id = str(spelling.tokenizer.pad_token), spelling.tokenizer.pad_token_id


def check_line_end(spelling: Spelling) -> None:
    """The line end is one known token. Raises UsageError."""
    spelling.tag_id = spelling.one(str(spelling.tag))


def check_separator(spelling: Spelling) -> None:
    """The separator is known to the tokenizer. Raises UsageError."""
    if not spelling.tag:
        raise UsageError("the separator of steps is empty; give one, as in separator=\\n")
    try:
        ids = spelling.ids(spelling.tag)
    except Unreadable as error:
        raise UsageError(f"the separator {spelling.tag!r} cannot be read: {error}; give another") from None
    if not ids or spelling.tokenizer.unk_token_id in ids:
        raise UsageError(f"the separator {spelling.tag!r} is no token of this model's tokenizer; give another")
