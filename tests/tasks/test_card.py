"""The tiny base's card tells its skills by task."""

import asyncio
from pathlib import Path

from journey.commands.card import MEANING, measure, write_card
from journey.models.local import Local
from journey.tasks.skills import SKILLS
from journey.training.pretrain import pretrain
from journey.training.pretrain_settings import PretrainSettings, Stage

SMALL = PretrainSettings(
    width=32, heads=2, layers=1, inner=64, stages=(Stage(2048, 128, 4),), warmup_steps=2, threads=1, compiled=False
)


def test_the_card_names_every_skill_of_every_task_that_the_base_reads(tmp_path: Path) -> None:
    points: list[dict] = []
    pretrain(tmp_path / "tiny", SMALL, points.append)
    model = Local(tmp_path / "tiny")
    found = asyncio.run(measure(model, walks=2))
    asyncio.run(model.close())
    write_card(tmp_path / "tiny", {"seed": 0}, points[-1], found)
    card = (tmp_path / "tiny" / "README.md").read_text("utf-8")
    for task in ("countdown", "maze"):
        for skill in SKILLS:
            assert f"| {task} | {MEANING[skill]} |" in card
