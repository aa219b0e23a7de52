"""Reinforcement learning with answers by vLLM as TRL drives it (a stand-in here), with a judge, on two processes."""

import asyncio
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from training.weights import weights

from journey.errors import UsageError
from journey.models.weights import model_path
from journey.tasks.table import task
from journey.thoughts.behaviours import pieces
from journey.training import rl_engines, rl_trainer
from journey.training.launch import main
from journey.training.rl import train_rl
from journey.training.rl_book import JsonlBook
from journey.training.rl_draw import Drawn, Memory
from journey.training.rl_engines import drawn_ratio
from journey.training.rl_judging import judged
from journey.training.rl_settings import Rewards, RlSettings
from journey.training.rows import Row, rl_rows
from journey.types import Judgement, ModelRef, Problem, Rollout, make_problem

TINY = model_path("tiny")
SETTINGS = {
    "learning_rate": 1e-3, "problems": 2, "samples": 2, "max_tokens": 12, "tokens": None, "updates": 1,
    "precision": "fp32", "device": "cpu", "validation": 1, "rewards": Rewards(per_token=0.1),
}  # fmt: skip
SMALL = RlSettings(**SETTINGS)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    countdown = task("countdown")
    assert countdown.draw is not None and countdown.settings is not None
    problems = countdown.draw("rl engines", 6, 0, countdown.settings(numbers=2), held_out=False)
    return rl_rows(problems[:4], problems[4:])


class StandIn:
    """Takes TRL's place for vLLM: it "draws" words of the prompt, and says how likely the trainer's model has them.

    Its log-probabilities are lower by `lower` in all, as those of other kernels might be.
    """

    lower = math.log(2)
    made: list["StandIn"] = []  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        self.options, self.calls, self.synced = options, [], 0
        self.temperature, self.top_p, self.max_completion_length = 1.0, 1.0, 0
        self.model = options["model"]
        StandIn.made.append(self)

    def sync_weights(self) -> None:
        self.synced += 1

    @torch.no_grad()
    def generate(self, prompts: list[list[int]], images: None, num_generations: int) -> tuple[Any, ...]:
        self.calls.append((len(prompts), num_generations, self.temperature, self.max_completion_length))
        ids = [prompt[1 : 3 + i % num_generations] for i, prompt in enumerate(prompts)]
        logprobs = []
        for prompt, drawn in zip(prompts, ids, strict=True):
            logits = self.model(input_ids=torch.tensor([prompt + drawn])).logits[0, len(prompt) - 1 : -1]
            found = logits.float().log_softmax(-1).gather(-1, torch.tensor(drawn)[:, None])[:, 0]
            logprobs.append([[float(one) - self.lower / len(drawn)] for one in found])
        return prompts, ids, logprobs, None


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> list[StandIn]:
    monkeypatch.setattr(rl_engines, "is_vllm_available", lambda: True)
    monkeypatch.setattr("trl.trainer.grpo_trainer.VLLMGeneration", StandIn)
    StandIn.made = []
    return StandIn.made


def test_answers_by_vllm_are_asked_in_one_call_and_corrected_by_their_ratio(
    rows: list[Row], tmp_path: Path, vllm: list[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[dict[str, torch.Tensor]] = []
    padded_parts = rl_trainer.RolloutTrainer._padded_parts

    def seen(self: Any, *given: Any) -> list[dict[str, Any]]:
        parts.extend(found := padded_parts(self, *given))
        return found

    monkeypatch.setattr(rl_trainer.RolloutTrainer, "_padded_parts", seen)
    book = Memory()
    train_rl(TINY, rows, tmp_path / "model", replace(SMALL, engine="vllm-colocate"), book=book)
    (made,) = vllm
    assert made.options["mode"] == "colocate"
    assert made.calls[2] == (4, 2, 1.0, 12)  # after the first check's drawn and greedy answers
    assert made.synced == 2  # before the update and before the last check
    assert [len(one.token_ids) for one in book.rollouts] == [2, 3, 2, 3]
    assert all(one.logprob is not None and one.logprob < -StandIn.lower for one in book.rollouts)
    (part,) = parts
    assert torch.allclose(part["importance_sampling_ratio"], torch.full((4, 1), 2.0), atol=1e-3)


def test_a_ratio_is_one_text_each_and_a_text_too_far_from_its_drawing_is_left_out() -> None:
    logprobs, trained = torch.tensor([[-1.0, -1.0], [-1.0, -5.0], [-1.0, -1.0]]), torch.tensor([[1, 1], [1, 0], [1, 1]])
    drawn = torch.tensor([[-2.0 - math.log(2)], [math.nan], [-9.0]])
    assert drawn_ratio(logprobs, trained, drawn, 3.0)[:, 0].tolist() == pytest.approx([2.0, 1.0, 0.0])


def test_an_engine_that_is_not_installed_or_not_set_up_is_refused_in_one_sentence(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rl_engines, "is_vllm_available", lambda: False)
    with pytest.raises(UsageError, match="needs vllm; install it"):
        train_rl(TINY, rows, tmp_path / "model", replace(SMALL, engine="vllm-colocate"))
    with pytest.raises(UsageError, match="set both or none"):
        replace(SMALL, engine="vllm-server")


class Steps:
    """A judge that says the same of every step."""

    name, identity = "steps", "steps"

    def __init__(self, judgement: Judgement) -> None:
        self.judgement, self.closed = judgement, 0

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        return [self.judgement for _ in candidates]

    async def close(self) -> None:
        self.closed += 1


SUM = make_problem("What is 2 + 3, twice?", "10")


def test_a_text_in_words_is_judged_step_by_step_and_null_is_no_zero() -> None:
    text = "First 2 + 3 = 5.\n\nWait, let me check that.\n\nTwice 5 is 10: \\boxed{10}"
    found = pieces(SUM, text)
    rollout = Rollout("", SUM.id, ModelRef("m"), 0, 0, text, "10", True, None, 30, "end", 0, {"outcome": 1.0})
    one = Drawn(rollout, (), found, ())
    (said,) = asyncio.run(judged(SUM, [one], Steps(Judgement("neutral", 0.5, None, "steps"))))
    steps = [piece.kind == "step" for piece in found]
    assert any(steps) and len(found) > 1
    assert list(said.verdicts) == [0.0 if is_step else None for is_step in steps]
    assert list(said.values) == [None, *[0.5] * (len(found) - 1), 1.0]
    (said,) = asyncio.run(judged(SUM, [one], Steps(Judgement(None, None, "I cannot say", "steps"))))
    assert set(said.verdicts) == {None}
    assert said.known == 0


def test_a_named_judge_credits_the_steps(rows: list[Row], tmp_path: Path) -> None:
    book, judge = Memory(), Steps(Judgement("wrong", None, None, "steps"))
    settings = replace(SMALL, credit={"judge-step": 1.0}, judge="critic")
    train_rl(TINY, rows, tmp_path / "model", settings, book=book, judge=judge)
    assert {c.credit for one in book.rollouts for c in one.credit if c.end} <= {-1.0, 0.0}
    assert any(c.credit == -1.0 for one in book.rollouts for c in one.credit)
    assert judge.closed == 1


def test_scores_of_a_judge_are_values_that_end_with_the_outcome(rows: list[Row], tmp_path: Path) -> None:
    book, judge = Memory(), Steps(Judgement("right", 0.25, None, "steps"))
    settings = replace(SMALL, credit={"value": 1.0}, judge="prm:somewhere")
    train_rl(TINY, rows, tmp_path / "model", settings, book=book, judge=judge)
    values = [[c.value for c in one.credit] for one in book.rollouts if len(one.credit) > 2]
    assert values
    assert all(0.25 in found and found[-1] in (0.0, 1.0) for found in values)


@pytest.mark.parametrize(
    ("credit", "judge", "sentence"),
    [
        ({"judge-step": 1.0}, "critic", r"steps could not say anything of the \d+ pieces"),
        ({"value": 1.0}, None, "value is a judge's scores; name one"),
        ({"outcome": 1.0}, "critic", "no credit asks the judge critic"),
        ({"judge-step": 1.0}, None, "name a judge"),
        ({"value-exact": 1.0}, None, "take outcome, value, value-rollout or tree"),
    ],
)
def test_credit_that_nobody_can_give_is_refused_in_one_sentence(
    credit: dict[str, float], judge: str | None, sentence: str, rows: list[Row], tmp_path: Path
) -> None:
    silent = Steps(Judgement(None, None, "I cannot say", "steps")) if judge else None
    problems = rows if judge else rl_rows([SUM], [])
    with pytest.raises(UsageError, match=sentence):
        train_rl(TINY, problems, tmp_path / "model", replace(SMALL, credit=credit, judge=judge), judge=silent)


def launch(rows: list[Row], folder: Path, world: int) -> list[str]:
    settings = {**SETTINGS, "rewards": {"per_token": 0.1}, "updates": 2, "validation": 2, "save_every": 1}
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
    files = {"--rows": "rows.jsonl", "--settings": "settings.json", "--out": f"out-{world}"}
    flags = [part for flag, name in files.items() for part in (flag, str(folder / name))]
    return ["rl", "--model", TINY, "--world", str(world), *flags]


@pytest.mark.slow
def test_two_processes_draw_and_learn_what_one_would(rows: list[Row], tmp_path: Path) -> None:
    assert main(launch(rows, tmp_path, 1)) == 0
    runner = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    command = [*runner, "-m", "journey.training.launch", *launch(rows, tmp_path, 2)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stderr
    one, two = (weights(tmp_path / name) for name in ("out-1", "out-2"))
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)
    curves = [json.loads((tmp_path / name / "curve.json").read_text()) for name in ("out-1", "out-2")]
    for first, second in zip(*curves, strict=True):
        assert first["tokens"] == second["tokens"]
        assert first.get("check") == second.get("check")
    kept = [JsonlBook(tmp_path / f"{name}.rollouts.jsonl").known(1) for name in ("out-1", "out-2")]
    assert [one.text for one in kept[0]] == [one.text for one in kept[1]]


def test_a_file_of_rollouts_forgets_a_line_that_was_cut_off_and_doubles_none(rows: list[Row], tmp_path: Path) -> None:
    book = Memory()
    train_rl(TINY, rows, tmp_path / "model", SMALL, book=book)
    file = tmp_path / "model.rollouts.jsonl"
    JsonlBook(file).keep(book.rollouts[:3])
    with file.open("a") as torn:
        torn.write('{"id": "half')
    again = JsonlBook(file)
    assert again.known(0) == book.rollouts[:3]
    again.keep(book.rollouts)
    assert JsonlBook(file).known(0) == book.rollouts
