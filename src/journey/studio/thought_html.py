"""A long thought as HTML: every piece in the colour of its kind and bound to the step of the tree that it tells."""

from journey.studio import safe
from journey.types import Thought

KINDS = ("step", "mistake", "reflection", "backtrack", "answer")


def thought_html(thought: Thought) -> str:
    """The thought's text; pieces carry `data-node`, what lies between them stays plain."""
    parts: list[str] = []
    at = 0
    for segment in thought.segments:
        start, end = max(at, segment.start), min(len(thought.text), segment.end)
        if start >= end:
            continue
        parts.append(safe.html(thought.text[at:start]))
        bound = "" if segment.node is None else f' data-node="{segment.node}" tabindex="0" role="button"'
        kind = segment.kind if segment.kind in KINDS else "step"
        parts.append(f'<span class="seg {kind}"{bound}>{safe.html(thought.text[start:end])}</span>')
        at = end
    return "".join([*parts, safe.html(thought.text[at:])])
