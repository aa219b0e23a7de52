"""One problem's rollouts over the updates of a training side by side, the credit of every piece painted on the text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from journey.studio import safe
from journey.studio.records import run_at
from journey.studio.templates import html, render
from journey.studio.view import view
from journey.thoughts.behaviours import behaviours
from journey.types import Rollout

COLUMNS = 4
DEPTHS = 5  # of the colour on either side of zero


def rollout_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """The rollout of `id` beside one of the same model at the first, the last and another update."""
    of = run_at(path)
    chosen = of.get("rollouts", where.get("id", ""))
    if not isinstance(chosen, Rollout):
        view(f'<p class="empty">There is no such rollout in {safe.html(run)}.</p>', "body")
        return
    found = sorted(
        of.rollouts(problem=chosen.problem, name=chosen.model.name), key=lambda one: (one.step, one.sample, one.id)
    )
    problem = of.problem(chosen.problem)
    beside = side_by_side(found, chosen)
    scale = max((abs(piece.credit) for one in beside for piece in one.credit), default=0.0)
    columns = [
        (
            one,
            painted(one, scale),
            [other for other in found if other.step == one.step],
            None if problem is None else behaviours(problem, one.text, one.correct),
        )
        for one in beside
    ]
    steps = {one.step: one for one in reversed(found)}
    body = render(
        "rollout", run=run, problem=problem, chosen=chosen, columns=columns, scale=scale, depths=DEPTHS,
        steps=[steps[step] for step in sorted(steps)],
    )  # fmt: skip
    view(body, "body")


def side_by_side(found: Sequence[Rollout], chosen: Rollout) -> list[Rollout]:
    """The chosen rollout and one of the same sample, or the first, at other updates, spread over the training."""
    steps = sorted({one.step for one in found})
    spread = {steps[round(i * (len(steps) - 1) / (COLUMNS - 1))] for i in range(COLUMNS)}
    if chosen.step not in spread and len(spread) == COLUMNS:
        inner = [step for step in sorted(spread)[1:-1]]
        spread.discard(min(inner, key=lambda step: abs(step - chosen.step)))
    spread.add(chosen.step)
    shown: list[Rollout] = []
    for step in sorted(spread):
        there = [one for one in found if one.step == step]
        same = [one for one in there if one.sample == chosen.sample]
        shown.append(chosen if step == chosen.step else (same or there)[0])
    return shown


def painted(rollout: Rollout, scale: float) -> Markup:
    """The text as HTML, its pieces in the colours of their credit, which their titles say in numbers.

    Blue is above zero and orange below, a pair that colour-blind people tell apart; a line below says it once more.
    `scale` is the credit of the deepest colour. Characters that were drawn for another rollout are grey.
    """
    parts: list[str] = []
    at = 0
    for piece in sorted(rollout.credit, key=lambda one: (one.start, one.end)):
        start, end = max(at, piece.start), min(len(rollout.text), piece.end)
        if end <= start:
            continue
        parts.append(_plain(rollout.text[at:start], at < rollout.shared))
        depth = round(DEPTHS * abs(piece.credit) / scale) if scale else 0
        kind = f"credit {'up' if piece.credit > 0 else 'down'}{depth}" if depth else "credit"
        value = "" if piece.value is None else f", value {piece.value:.2f}"
        shared = " shared" if end <= rollout.shared else ""
        text = safe.html(rollout.text[start:end], math=False)
        parts.append(f'<span class="{kind}{shared}" title="credit {piece.credit:+.3f}{value}">{text}</span>')
        at = end
    return html("".join([*parts, _plain(rollout.text[at:], False)]))


def _plain(text: str, is_shared: bool) -> str:
    inside = safe.html(text, math=False)
    return f'<span class="shared">{inside}</span>' if is_shared and text else inside
