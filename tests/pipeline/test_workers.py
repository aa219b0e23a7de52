"""How many processes train and write side by side."""

from dataclasses import replace
from pathlib import Path

import pytest

from journey.models.weights import worker_memory
from journey.pipeline import jobs
from journey.pipeline.recipe_reading import recipe_of


def test_as_many_processes_work_side_by_side_as_the_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = '"num_hidden_layers": 30, "hidden_size": 576, "intermediate_size": 1536'
    (tmp_path / "config.json").write_text(f'{{"dtype": "bfloat16", {shape}}}')
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(270_000_000)  # 135M weights
    recipe = recipe_of({"student": f"hf/{tmp_path}", "arms": {"phase1": {}}}, "the recipe")
    need = worker_memory(tmp_path)
    assert 5e9 < need < 5.5e9
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    for free, processes in ((need - 1, 1), (3 * need, 3), (99 * need, 4), (None, 4)):
        monkeypatch.setattr(jobs, "free_memory", lambda free=free: free)
        assert jobs.workers_of(recipe) == processes
    assert jobs.workers_of(replace(recipe, workers=2)) == 2
