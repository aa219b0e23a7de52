"""A new kind of judge is one file and one line in the table: this file, put into the table by its tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, scripted_recipe, write_rows
from fault_server import Asked
from served import served

from journey.judges.base import JudgeKind, JudgeRef, JudgeWork
from journey.judges.kinds import KINDS
from journey.models.base import Model, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate
from journey.store.run import Run
from journey.types import Judgement, Problem


@dataclass(frozen=True, slots=True)
class YesNoSettings:
    """How long the model's word on a step may be."""

    longest: int = 5


class YesNo:
    """A Judge that asks a model "is this right?" about one step at a time."""

    def __init__(self, model: Model, settings: YesNoSettings) -> None:
        self.name = f"yesno:{model.name}"
        self._model, self._settings = model, settings

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement a candidate."""
        found: list[Judgement] = []
        for step in candidates:
            prompt = Prompt("\n".join([problem.question, *prefix, f"Is this right? {step}"]))
            (word,) = await self._model.complete(prompt, Sampling(max_tokens=self._settings.longest))
            found.append(Judgement("right" if "yes" in word.text else "wrong", None, None, self.name))
        return found


def estimate(ref: JudgeRef, settings: YesNoSettings, work: JudgeWork, strong: str) -> list[Estimate]:
    """One call a step."""
    read = work.read * work.steps // max(1, work.calls) + work.written
    return [Estimate(ref.model, "yes or no", Usage(work.steps, read, work.steps * settings.longest))]


KIND = JudgeKind(
    "yesno:MODEL",
    lambda ref, settings, sources: YesNo(sources.model(ref.model), settings),
    models=lambda ref, strong: [ref.model],
    settings=YesNoSettings,
    estimate=estimate,
)


def answer(asked: Asked) -> dict[str, Any]:
    message = {"role": "assistant", "content": "yes"}
    choices = [{"index": i, "message": message, "finish_reason": "stop"} for i in range(asked.body.get("n", 1))]
    usage = {"prompt_tokens": 1, "completion_tokens": len(choices)}
    return {"object": "chat.completion", "choices": choices, "usage": usage}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one line in the table, and a server with the model that the judge asks."""
    monkeypatch.setitem(KINDS, "yesno", KIND)
    with served(answer) as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield


def test_trees_are_grown_by_it_and_its_settings_stand_under_its_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = scripted_recipe(tmp_path, judge="yesno:openai/m", yesno={"longest": 3}), tmp_path / "run"
    most = done("grow", recipe, "--out", out, "--dry-run", "--json").data["asked_at_most"]
    (row,) = [row for row in most if row["purpose"] == "yes or no"]
    assert row["model"] == "openai/m" and row["tokens"] == 3 * row["calls"] > 0
    (spent,) = done("grow", recipe, "--out", out, "--json").data["spent"]
    assert 0 < spent["calls"] <= row["calls"] and spent["tokens"] <= row["tokens"]
    with Run.read(out) as of:
        assert {tree.judge for tree in of.trees()} == {"yesno:openai/m"}
        assert of.config["recipe"]["yesno"] == {"longest": 3}
        tree = next(of.trees()).id
    done("export", out, "page", "--item", tree, "--to", tmp_path / "page.html")
    assert "yesno:openai/m" in (tmp_path / "page.html").read_text("utf-8")
    assert done("report", out, "--json").data is not None
    refused = journey("grow", recipe, "--out", out, "--set", "yesno.longest=4")
    assert "recipe.yesno.longest: was 3, now 4" in refused.err
    monkeypatch.setenv("JOURNEY_YESNO__LONGEST", "4")
    assert "recipe.yesno.longest: was 3, now 4" in journey("grow", recipe, "--out", out).err
    assert "did you mean yesno.longest?" in journey("grow", recipe, "--out", out, "--set", "yesno.longst=4").err


def test_it_judges_searches_and_labelled_steps_and_other_judges_trees(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("grow", scripted_recipe(tmp_path), "--out", run)
    again = done(
        "judge", run, "--judge", "yesno:openai/m", "--set", "yesno.longest=2", "--out", tmp_path / "b", "--json"
    )
    assert again.data["judge"] == "yesno:openai/m" and again.data["spent"][0]["calls"] > 0
    rows = [{"question": "What is 1 + 1?", "steps": ["1 + 1 = 2"], "labels": [True]}]
    steps = write_rows(tmp_path / "steps.jsonl", rows)
    found = done("eval", "judges", "--judge", "vote:[yesno:openai/m,yesno:openai/n]", "--on", steps, "--json").data
    assert found["results"][0]["judge"] == "vote:[yesno:openai/m,yesno:openai/n]"
    problems = write_rows(tmp_path / "sums.jsonl", [{"problem": "What is 2 + 2?", "answer": "4"}])
    done("import", "problems", problems, "--split", "test", "--out", tmp_path / "sums")
    flags = ("--search", "best_of_n", "--judge", "yesno:openai/m", "--set", "yesno.longest=3", "--set", "search.n=2")
    searched = done("eval", tmp_path / "sums", "--model", "openai/m", *flags, "--json").data["searches"]
    assert searched[0]["judge"] == "yesno:openai/m[yesno.longest=3]"
