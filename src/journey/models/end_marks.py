"""Marks that end a model's turn, which some servers leave in its text (llama.cpp and vLLM with other templates)."""

import re

_MARK = re.compile(
    r"(?:<[|\uff5c](?:im_end|end(?:[_\u2581]?of[_\u2581]?(?:text|turn|sentence|response|turn_token))?|eot(?:_id)?"
    r"|eom_id|eos|return)[|\uff5c]>|</s>|<eos>|<end_of_turn>|\[EOS\])\Z",
    re.IGNORECASE,
)
_LONGEST = 40


def without_end_marks(text: str) -> tuple[str, int]:
    """The text without the marks of an end behind it, and how many there were; as it is where there are none."""
    number = 0
    while found := _MARK.search(stripped := text.rstrip(), max(0, len(stripped) - _LONGEST)):
        text, number = stripped[: found.start()], number + 1
    return (text.rstrip(), number) if number else (text, 0)
