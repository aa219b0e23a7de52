"""A run's evaluations: what they load and what they hand back."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from commanding import PUZZLES, done, journey, write_rows
from safetensors.torch import load_file, save_file

from journey.errors import UsageError
from journey.models import weights
from journey.pipeline.stages import refuse_retrained
from journey.store.entries import JudgeWeights
from journey.store.run import Run

DRAWN = ("--answer-tokens", 12, "--set", "rollout.n=1", "--set", "rollout.max_tokens=8")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [{"nums": numbers, "target": target} for numbers, target in PUZZLES[:2]]
    done("import", "puzzles", write_rows(tmp_path / "p.jsonl", rows), "--out", tmp_path / "run", "--split", "test")
    return tmp_path / "run"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of models whose weights were loaded."""
    names: list[str] = []
    load = weights.local

    def counted(path: str | Path, called: str, dtype: str | None = None) -> Any:
        names.append(called)
        return load(path, called, dtype)

    monkeypatch.setattr(weights, "local", counted)
    return names


@pytest.mark.parametrize(
    "flags", [("--decoding", "sampled", "--samples", 2, *DRAWN), ("--search", "best_of_n", "--set", "search.n=2",
              "--set", "search.max_tokens=12", *DRAWN[2:])], ids=["rm@k", "search"],
)  # fmt: skip
@pytest.mark.parametrize("judge", ["rollout:tiny", "vote:[exact,rollout:TINY]"])
def test_a_judge_that_draws_from_the_model_itself_loads_no_second_one(
    run: Path, loaded: list[str], flags: tuple[object, ...], judge: str
) -> None:
    judge = judge.replace("TINY", f"hf/{weights.model_path('tiny')}/.")
    done("eval", run, "--model", "tiny", "--judge", judge, *flags)
    assert loaded == ["tiny"]


def test_answers_of_a_model_that_was_put_into_anothers_place_are_not_mixed_with_its_own(
    run: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(weights.model_path("tiny"), tmp_path / "model"))
    asked = ("eval", run, "--model", place, "--limit", 1, "--answer-tokens", 8)
    done(*asked)
    done(*asked)
    tensors = load_file(place / "model.safetensors")
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, place / "model.safetensors")
    said = journey(*asked)
    assert said.code == 2
    assert "with other weights than it has now" in said.err


def test_weights_that_moved_to_another_place_are_the_same_model(run: Path) -> None:
    done("eval", run, "--model", "tiny", "--limit", 1, "--answer-tokens", 8)
    with Run.open(run) as of:
        kept = of.entries(JudgeWeights, judge="tiny")[0].weights
        refuse_retrained(of, "tiny", {f"/elsewhere{path}": value for path, value in kept.items()})
        with pytest.raises(UsageError, match="other weights"):
            refuse_retrained(of, "tiny", dict.fromkeys(kept, "other"))
