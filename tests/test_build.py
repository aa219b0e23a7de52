"""Models and judges made by their names."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from journey.judges.rollout import RolloutJudge
from journey.models import weights
from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.pipeline import registry


@dataclass
class Memory:
    """Calls kept nowhere."""

    def call(self, key: str) -> list[dict[str, Any]] | None:
        return None

    async def put_call(self, key: str, completions: list[dict[str, Any]], patience: float) -> None:
        return None


@dataclass
class Weights:
    """A model that was loaded from a folder."""

    name: str
    identity: str = "w"
    closed: list[bool] = field(default_factory=list)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        return [Completion(prompt.text, 1, "end")]

    async def close(self) -> None:
        self.closed.append(True)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Weights]:
    """Every model that was loaded in this process."""
    found: list[Weights] = []

    def load(path: str | Path, called: str, dtype: str | None = None) -> Weights:
        found.append(Weights(called))
        return found[-1]

    monkeypatch.setattr(weights, "local", load)
    return found


async def test_weights_are_loaded_once_however_their_folder_is_written(loaded: list[Weights], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    models = registry.Models(Memory(), BudgetTracker())
    names = [f"hf/{tmp_path}/model", f"hf/{tmp_path}/./model/", f"hf/{tmp_path}/model/../model"]
    for name in names:
        model = models.model(name)
        assert model.name == name
        assert (await model.complete(Prompt("Q"), Sampling()))[0].text == "Q"
    judge = models.judge(f"rollout:hf/{tmp_path}/model/.", "tiny")
    assert isinstance(judge, RolloutJudge) and judge.name == f"rollout:hf/{tmp_path}/model/."
    assert len(loaded) == 1
    models.model(f"hf/{tmp_path}/other")
    assert len(loaded) == 2
    await models.close()
    assert [one.closed for one in loaded] == [[True], [True]]


async def test_a_lent_model_is_used_and_given_back_by_its_owner(loaded: list[Weights], tmp_path: Path) -> None:
    policy = Weights("seed-1/phase1")
    models = registry.Models(Memory(), BudgetTracker())
    models.register_loaded(tmp_path, policy)
    judge = models.judge(f"rollout:hf/{tmp_path}", "tiny")
    assert judge.name == f"rollout:hf/{tmp_path}" and not loaded
    await models.close()
    assert not policy.closed


def test_another_name_for_weights_keeps_what_names_their_calls() -> None:
    assert registry.Called(Weights("a"), "b").identity == "w"
