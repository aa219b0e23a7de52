"""The tiny base's model card: what it read, how long it took, and what it can do on puzzles that it never read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journey.models.base import Model
from journey.tasks.countdown import sources
from journey.tasks.countdown.puzzle import PuzzleSettings
from journey.tasks.countdown.skills import FAR, Skill, skills
from journey.tasks.table import ask

WALKS = 300
MEANING = {
    "steps": "steps that are legal, true and leave the right numbers",
    "verdicts": "verdicts that are true of the result before them",
    "returns": "returns that restate an earlier state exactly",
    "lines": "lines that are of one of these kinds at all",
}


async def measure(model: Model) -> dict[str, Skill]:
    """The model's skills on held-out puzzles, one free walk each."""
    puzzles = sources.drawn("skills", WALKS, 0, PuzzleSettings(), held_out=True)
    return await skills(model, puzzles, ask)


def write_card(folder: Path, settings: Mapping[str, Any], last: Mapping[str, Any], found: Mapping[str, Skill]) -> None:
    """Writes README.md and skills.json beside the model; `last` is the last point of its training curve."""
    rows = [
        f"| {MEANING[name]} | {s.count} | {_percent(s.right)} | {s.far_count} | {_percent(s.far_right)} |"
        for name, s in found.items()
    ]
    text = f"""# tiny: the base model of the Countdown experiment

A Qwen3 made from scratch; one token a word, numbers from 0 to 100 included. It has read truthful *random* exploration
of Countdown puzzles and nothing else: random legal steps to the end, the verdict, an earlier state restated, and on
from there; no choice in it looks at the target. A tenth of all puzzles (by a hash of numbers and target) is held out
from it and from every training; validation and test puzzles come from that tenth only.

- Recipe: `journey pretrain recipes/tiny_base.yaml --out FOLDER` (settings below, seeds fixed).
- Read: {last["tokens"]:,} tokens in {last["step"]:,} steps; {last["seconds"] / 60:.0f} minutes on two shared cores.
- Last training loss: {last["loss"]:.4f} nats a token (random choices cannot be guessed, so it does not go to zero).
- For nothing but this package's experiments. Licence: Apache-2.0.

## Skills

One free walk (temperature 1) on each of {WALKS} held-out puzzles; every line checked exactly.

| skill | lines | right | past {FAR} tokens | right there |
|---|---|---|---|---|
{chr(10).join(rows)}

## Settings

```json
{json.dumps(settings, indent=1)}
```
"""
    (folder / "README.md").write_text(text, "utf-8")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
