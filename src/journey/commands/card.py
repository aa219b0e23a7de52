"""The tiny base's model card: what it read, how long it took, and what it can do on puzzles that it never read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journey.models.base import Model
from journey.report.wording import percent
from journey.tasks.skills import FAR, SKILLS, Skill, skills
from journey.tasks.table import TASKS

WALKS = 300
MEANING = {
    "steps": "steps that are legal, true and leave the right state",
    "verdicts": "verdicts that are true of the end before them",
    "returns": "returns that restate an earlier state exactly",
    "tried lists": "returns that list exactly the steps tried from there, too",
    "remarks": "checks, answers to claims, and states called lost, that are true",
    "lines": "lines that are of one of these kinds at all",
    "new walks": "walks that it had not taken before",
}


async def measure(model: Model, walks: int = WALKS) -> dict[str, dict[str, Skill]]:
    """The model's skills by task on held-out puzzles, one free walk each."""
    found: dict[str, dict[str, Skill]] = {}
    for name, task in TASKS.items():
        if task.explore and task.ground and task.draw and task.settings:
            puzzles = task.draw("skills", walks, 0, task.settings(), held_out=True)
            found[name] = await skills(model, puzzles, task.ask, task.ground)
    return found


def write_card(
    folder: Path, settings: Mapping[str, Any], last: Mapping[str, Any], found: Mapping[str, Mapping[str, Skill]]
) -> None:
    """Writes README.md beside the model; `last` is the last point of its training curve."""
    rows = [
        f"| {name} | {MEANING[skill]} | {s.count} | {percent(s.right, 2)} | {s.far_count} | {percent(s.far_right, 2)} |"
        for name, by_skill in found.items()
        for skill, s in ((skill, by_skill[skill]) for skill in SKILLS)
    ]
    text = f"""# tiny: the base model of the embedded tasks

A Qwen3 made from scratch; one token a word, numbers from 0 to 100 included. It has read truthful *random* exploration
of {" and ".join(found)} puzzles and nothing else: random legal steps to the end, the verdict, an earlier state
restated, and on from there; no choice in it looks at the goal. A share of the texts has, always truthful, a filler
without meaning, a hint, somebody's claim and the answer to it, a check of the walk, a list of what was tried, or a
puzzle that cannot be solved; a few are single steps of a third puzzle. A tenth of all puzzles (by a hash of their
structure) is held out from it and from every training; validation and test puzzles come from that tenth only.

- Recipe: `journey pretrain recipes/tiny_base.yaml --out FOLDER` (settings below, seeds fixed).
- Read: {last["tokens"]:,} tokens in {last["step"]:,} steps; {last["seconds"] / 60:.0f} minutes.
- Last training loss: {last["loss"]:.4f} nats a token (random choices cannot be guessed, so it does not go to zero).
- For nothing but this package's experiments. Licence: Apache-2.0.

## Skills

One free walk (temperature 1) on each of {WALKS} held-out puzzles of each task; every line checked exactly.

| task | skill | lines | right | past {FAR} tokens | right there |
|---|---|---|---|---|---|
{chr(10).join(rows)}

## Settings

```json
{json.dumps(settings, indent=1)}
```
"""
    (folder / "README.md").write_text(text, "utf-8")
