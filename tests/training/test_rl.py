"""Reinforcement learning on the tiny model: what is drawn, credited, trained and kept, and what a kill changes."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace
from typing import Any, Literal

import pytest
import torch
from training.weights import same, weights
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from journey.errors import UsageError
from journey.models.weights import model_path
from journey.tasks.table import task
from journey.training.border_values import BorderSettings
from journey.training.credit import CreditSettings
from journey.training.rl import micro_rows, train_rl
from journey.training.rl_draw import Drawn, Memory, chosen, credited, earned
from journey.training.rl_settings import Band, Rewards, RlSettings
from journey.training.rl_trainer import RolloutTrainer, TokenRow, padded
from journey.training.rows import Row, rl_rows
from journey.types import ModelRef, Problem, Rollout, make_problem

TINY = model_path("tiny")
SMALL = RlSettings(
    learning_rate=1e-3, problems=4, samples=4, max_tokens=40, tokens=None, updates=3, precision="fp32", device="cpu",
    save_every=1, validation=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    countdown = task("countdown")
    assert countdown.draw is not None and countdown.settings is not None
    return countdown.draw("rl test", 10, 0, countdown.settings(numbers=2), held_out=False)


@pytest.fixture(scope="module")
def rows(problems: list[Problem]) -> list[Row]:
    return rl_rows(problems[:8], problems[8:])


class Killed(BaseException):
    """What ends a process in the middle."""


class Deadly(Memory):
    """A book that ends the training when it is asked for an update, or when it has kept one."""

    def known(self, step: int) -> list[Rollout]:
        if step == self.before:
            raise Killed
        return super().known(step)

    def keep(self, rollouts: Sequence[Rollout]) -> None:
        super().keep(rollouts)
        if rollouts[0].step == self.after:
            raise Killed

    before: int | None = None
    after: int | None = None


def trained_rows(monkeypatch: pytest.MonkeyPatch) -> list[TokenRow]:
    """A list that is given all rows that are trained on."""
    seen: list[TokenRow] = []
    given = RolloutTrainer._padded_parts

    def noted(self: RolloutTrainer, rows: Sequence[TokenRow], number: int) -> list[dict[str, Any]]:
        seen.extend(rows)
        return given(self, rows, number)

    monkeypatch.setattr(RolloutTrainer, "_padded_parts", noted)
    return seen


def test_training_keeps_every_rollout_and_changes_the_weights(rows: list[Row], tmp_path: Path) -> None:
    book = Memory()
    curve = train_rl(TINY, rows, tmp_path / "model", SMALL, book=book)
    updates = [point for point in curve if "loss" in point]
    checks = [point for point in curve if "check" in point]
    assert [point["step"] for point in updates] == [1, 2, 3]
    assert [point["check"]["problems"] for point in checks] == [2, 2]
    assert len({one.id for one in book.rollouts}) == 3 * SMALL.answers
    assert updates[-1]["tokens"] == sum(one.tokens for one in book.rollouts)
    for one in book.rollouts:
        assert len(one.token_ids) == one.tokens
        assert one.credit == () or [c.end for c in one.credit][-1] == len(one.text)
    assert not same(tmp_path / "model", Path(TINY))
    again = train_rl(TINY, rows, tmp_path / "model", SMALL, book=book)
    assert again == curve


@pytest.mark.parametrize(
    ("where", "credit"), [("before", "outcome"), ("after", "outcome"), ("after", "value-rollout"), ("after", "tree")]
)
def test_a_killed_training_ends_with_the_same_weights_and_rollouts(
    where: str, credit: str, rows: list[Row], tmp_path: Path
) -> None:
    whole, book, settings = Memory(), Deadly(), replace(SMALL, credit={"outcome": 1.0, credit: 0.5})
    train_rl(TINY, rows, tmp_path / "whole", settings, book=whole)
    setattr(book, where, 2)
    with pytest.raises(Killed):
        train_rl(TINY, rows, tmp_path / "model", settings, book=book)
    setattr(book, where, None)
    train_rl(TINY, rows, tmp_path / "model", settings, book=book)
    assert same(tmp_path / "whole", tmp_path / "model")
    # Branches and rollouts join the batches of the engine as time has it, which rounds log-probabilities otherwise.
    digits = None if credit == "outcome" else 3
    found = [
        [replace(one, model=ModelRef(""), logprob=one.logprob if digits is None else round(one.logprob or 0.0, digits))
         for one in kept.rollouts] for kept in (whole, book)
    ]  # fmt: skip
    assert found[0] == found[1]


def test_a_training_killed_behind_its_last_update_makes_no_further_one(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = replace(SMALL, updates=None, tokens=600, validation=0)
    train_rl(TINY, rows, tmp_path / "whole", once)

    def killed(*given: object) -> None:
        raise Killed

    with monkeypatch.context() as at_the_end:
        at_the_end.setattr("journey.training.rl.save_trained", killed)
        with pytest.raises(Killed):
            train_rl(TINY, rows, tmp_path / "model", once)
    again = train_rl(TINY, rows, tmp_path / "model", once)
    assert again == json.loads((tmp_path / "whole" / "curve.json").read_text())
    assert same(tmp_path / "whole", tmp_path / "model")


@pytest.mark.parametrize("micro", [None, 4])
def test_the_loss_is_the_mean_advantage_over_all_trained_tokens(
    micro: int | None, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = trained_rows(monkeypatch)
    settings = replace(SMALL, updates=1, credit={"outcome": 1.0, "judge-step": 0.5}, micro_batch=micro)
    curve = train_rl(TINY, rows, tmp_path / "model", settings)
    advantages = [one for row in seen for one in row.advantages]
    # Before the first step every probability is what it was when the answers were drawn: all ratios are 1.
    expected = -sum(advantages) / len(advantages)
    assert abs(expected) > 0.01
    assert next(point["loss"] for point in curve if "loss" in point) == pytest.approx(expected, abs=1e-3)


def test_groups_whose_answers_earn_the_same_end_the_training_in_one_sentence(rows: list[Row], tmp_path: Path) -> None:
    always = replace(SMALL, rewards=Rewards(right=1.0, wrong=1.0, cut_off=1.0, empty=1.0), updates=9)
    with pytest.raises(UsageError, match=r"no answer of 3 updates in a row earned more than another.*middling"):
        train_rl(TINY, rows, tmp_path / "model", always)


def test_a_loss_that_is_no_number_keeps_the_last_good_model(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(group: Sequence[Drawn], settings: RlSettings) -> list[Drawn]:
        found = credited(group, settings)
        factor = 1.0 if group[0].rollout.step < 2 else float("inf")
        return [replace(one, advantages=[factor for _ in one.advantages]) for one in found]

    monkeypatch.setattr("journey.training.rl_batches.credited", too_much)
    with pytest.raises(UsageError, match=r"no longer finite at step 3.*kept as (\S+)") as refused:
        train_rl(TINY, rows, tmp_path / "model", replace(SMALL, updates=9))
    kept = str(refused.value).rsplit(" ", 1)[1].rstrip(".")
    assert (Path(kept) / "model.safetensors").is_file()
    assert not (tmp_path / "model").exists()


def test_weights_that_are_no_numbers_end_the_training_before_they_are_kept(rows: list[Row], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"weights are no longer finite at step 1.*No checkpoint was made"):
        train_rl(TINY, rows, tmp_path / "model", replace(SMALL, learning_rate=1e38, validation=0, save_every=1))


def test_an_update_is_computed_in_parts_of_whole_groups_unless_its_rows_are_set() -> None:
    assert micro_rows(RlSettings(), 32 * 8) == 32  # of 600 tokens each
    assert micro_rows(RlSettings(max_tokens=8000), 32 * 8) == 8
    assert micro_rows(RlSettings(max_tokens=50), 32 * 8) == 256
    assert micro_rows(RlSettings(micro_batch=64), 32 * 8) == 64
    assert micro_rows(RlSettings(micro_batch=64), 32) == 32


def test_money_is_time_at_the_price_of_an_hour() -> None:
    assert RlSettings(tokens=None, dollars=3.0, hour_price=6.0).most_minutes == 30
    assert RlSettings(minutes=20.0, dollars=3.0, hour_price=6.0).most_minutes == 20


def test_a_quantity_outside_its_band_ends_the_training_and_says_which(rows: list[Row], tmp_path: Path) -> None:
    train_rl(TINY, rows, tmp_path / "model", replace(SMALL, band=Band(tokens=(None, 1.0))))
    made = json.loads((tmp_path / "model" / "training.json").read_text())
    assert made["steps"] == 1
    assert "answer tokens left its band" in made["ended"]


def test_entropy_outside_its_band_ends_the_training_too(rows: list[Row], tmp_path: Path) -> None:
    train_rl(TINY, rows, tmp_path / "model", replace(SMALL, band=Band(entropy=(50.0, None))))
    made = json.loads((tmp_path / "model" / "training.json").read_text())
    assert made["steps"] == 1
    assert "entropy left its band" in made["ended"]


def test_adapters_are_drawn_from_merged_and_trained_alone(rows: list[Row], tmp_path: Path) -> None:
    train_rl(TINY, rows, tmp_path / "model", replace(SMALL, lora=4, kl=0.1))
    made, start = weights(tmp_path / "model"), weights(Path(TINY))
    assert made.keys() == start.keys()
    assert torch.equal(made["model.embed_tokens.weight"], start["model.embed_tokens.weight"])


def test_several_passes_and_a_divergence_from_the_start_train_too(rows: list[Row], tmp_path: Path) -> None:
    curve = train_rl(TINY, rows, tmp_path / "model", replace(SMALL, passes=2, kl=0.05, micro_batch=8, updates=2))
    assert [point["step"] for point in curve if "loss" in point] == [1, 2, 3, 4]
    assert all("kl" in point for point in curve if "loss" in point)


def test_a_band_that_nothing_can_keep_to_is_refused() -> None:
    with pytest.raises(UsageError, match="write the lower one first"):
        Band(entropy=(5.0, 1.0))


@pytest.mark.parametrize("credit", ["judge-step", "judge-sum", "judge-min", "value-exact", "value-rollout", "tree"])
def test_every_line_of_credit_trains(credit: str, rows: list[Row], tmp_path: Path) -> None:
    book = Memory()
    train_rl(TINY, rows, tmp_path / "model", replace(SMALL, credit={credit: 1.0}, updates=1), book=book)
    assert any(one.credit for one in book.rollouts)
    assert all(c.start >= one.shared for one in book.rollouts for c in one.credit if c.credit)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"samples": 1}, "give 2 or more"),
        ({"tokens": 10}, "one update alone draws 256 answers"),
        ({"tokens": None}, "needs an end"),
        ({"dollars": 1.0}, "set hour_price"),
        ({"credit": {"outcomes": 1.0}}, "there is no credit 'outcomes'"),
        ({"temperature": 0.0}, "greedy answers are all the same"),
        ({"temperature": math.inf}, "greedy answers are all the same"),
        ({"schedule": "linear"}, "needs to know its end"),
        ({"updates": 0}, "updates is 0; it must be at least 1"),
        ({"kl": -1.0}, "kl is -1.0; it must be at least 0"),
        ({"clip": (0.9, -0.2)}, "how far a ratio may fall below 1"),
        ({"top_p": 0.0}, "top_p is 0.0; it must be above 0"),
        ({"save_every": -1}, "save_every is -1"),
        ({"hour_price": 3.0}, "hour_price would change nothing: only dollars reads it"),
        ({"crediting": CreditSettings(flip=0.3)}, "crediting.flip would change nothing"),
        ({"values": BorderSettings(rollouts=9)}, "only credit.value-rollout reads it"),
        ({"band": Band(fall=5.0), "validation": 0}, "only validation reads it"),
    ],
)
def test_settings_that_cannot_be_trained_with_are_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        RlSettings(**settings)  # type: ignore[arg-type]


def test_right_wrong_cut_off_and_empty_earn_what_was_set_and_the_unknown_earns_nothing() -> None:
    rewards = Rewards(right=1.0, wrong=-1.0, cut_off=-0.5, empty=-2.0)
    assert [earned(how, 9, rewards)["outcome"] for how in ("right", "wrong", "cut off", "empty")] == [1, -1, -0.5, -2]
    assert earned(None, 9, rewards) == {"outcome": None}
    assert earned("right", 9, replace(rewards, per_token=-0.1)) == {"outcome": 1.0, "length": -0.9}


@pytest.mark.parametrize("reward", [math.nan, math.inf])
def test_a_reward_that_is_no_number_is_refused(reward: float) -> None:
    with pytest.raises(UsageError, match=r"rewards.right is (nan|inf); it must be at least"):
        Rewards(right=reward)


@pytest.mark.parametrize("credit", ["outcome", "judge-step", "judge-min", "value-exact", "value-rollout"])
def test_answers_that_were_cut_off_are_trained_by_no_credit_where_they_are_masked(
    credit: str, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = trained_rows(monkeypatch)
    book, masked = Memory(), Rewards(cut_off=None)
    settings = replace(SMALL, rewards=masked, credit={credit: 1.0}, kl=0.1, updates=1, validation=0)
    train_rl(TINY, rows, tmp_path / "model", settings, book=book)
    cut = [one for one in book.rollouts if one.finish == "length" and not one.correct]
    assert cut and not any(one.credit for one in cut) and {one.rewards["outcome"] for one in cut} == {None}
    texts = [tuple(row.answer) for row in seen]
    assert texts and not {one.token_ids for one in cut} & set(texts)
    if credit == "value-rollout":
        assert all(one.spent.model_tokens == one.tokens for one in cut)


def test_where_nobody_can_say_what_answers_earn_that_is_the_reason_and_no_reward_of_zero(
    rows: list[Row], tmp_path: Path
) -> None:
    points: list[dict[str, Any]] = []
    nobody = replace(SMALL, rewards=Rewards(cut_off=None), max_tokens=1, updates=9, validation=0)
    with pytest.raises(UsageError, match="as nobody could say what one earns; look at"):
        train_rl(TINY, rows, tmp_path / "model", nobody, points.append)
    assert points and not any("reward" in point for point in points)


@pytest.mark.parametrize("micro", [None, 4])
@pytest.mark.parametrize("loss", ["answers", "constant"])
def test_every_answer_weighs_the_same_whatever_part_of_the_update_it_is_in(
    loss: Literal["answers", "constant"],
    micro: int | None,
    rows: list[Row],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = trained_rows(monkeypatch)
    settings = replace(
        SMALL, updates=1, loss=loss, validation=0, micro_batch=micro, credit={"outcome": 1.0, "judge-step": 0.5},
        rewards=Rewards(cut_off=None),
    )  # fmt: skip
    curve = train_rl(TINY, rows, tmp_path / "model", settings)
    assert 4 < len(seen) < settings.answers and len(seen) % 4  # parts have unequal numbers of rows
    if loss == "answers":
        expected = -fmean(fmean(row.advantages) for row in seen)
    else:
        expected = -sum(sum(row.advantages) for row in seen) / settings.answers / settings.max_tokens
    assert abs(expected) > 1e-4
    assert next(point["loss"] for point in curve if "loss" in point) == pytest.approx(expected, abs=1e-5)


def test_checkpoints_and_rollouts_of_other_settings_are_refused_and_kept(rows: list[Row], tmp_path: Path) -> None:
    book, other = Deadly(), replace(SMALL, learning_rate=1e-4)
    book.before = 2
    with pytest.raises(Killed):
        train_rl(TINY, rows, tmp_path / "model", SMALL, book=book)
    with pytest.raises(UsageError, match="holds checkpoints of a training with other settings"):
        train_rl(TINY, rows, tmp_path / "model", other, book=Memory())
    with pytest.raises(UsageError, match=r"rollouts of a training of elsewhere with other settings.*another --name"):
        train_rl(TINY, rows, tmp_path / "elsewhere", other, book=Memory(book.rollouts))


def test_minutes_before_a_kill_count_after_it(rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    class Slow(Deadly):
        """A book with which every update takes 200 s."""

        def keep(self, rollouts: Sequence[Rollout]) -> None:
            now[0] += 200.0
            super().keep(rollouts)

    monkeypatch.setattr("journey.training.rl_curve.time", SimpleNamespace(monotonic=lambda: now[0]))
    book, settings = Slow(), replace(SMALL, problems=2, tokens=None, updates=None, minutes=14.0, validation=0)
    book.before = 2
    with pytest.raises(Killed):
        train_rl(TINY, rows, tmp_path / "model", settings, book=book)
    book.before, now[0] = None, 5.0
    curve = train_rl(TINY, rows, tmp_path / "model", settings, book=book)
    assert [point["step"] for point in curve] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("lora", "is_small"), [(None, True), (2, False)])
def test_a_model_with_learnt_positions_and_dropout_is_trained_as_it_wrote(
    lora: int | None, is_small: bool, problems: list[Problem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=128, n_embd=32, n_layer=2, n_head=2, initializer_range=0.5,
        bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    seen = trained_rows(monkeypatch)
    found: list[float] = []
    given = RolloutTrainer._note_old_logprobs

    def noted(self: RolloutTrainer, parts: Sequence[dict[str, Any]]) -> None:
        self.small = is_small
        given(self, parts)
        found.extend(one for p in parts for one in (p["old_per_token_logps"] * p["tool_mask"]).sum(-1).tolist())

    monkeypatch.setattr(RolloutTrainer, "_note_old_logprobs", noted)
    settings = replace(SMALL, updates=1, passes=2, kl=0.1, max_tokens=8, validation=0, lora=lora)
    unlike = [make_problem(f"Make 9 from {'1 ' * (2 + i)}1", "9", task="countdown") for i in range(3)]
    train_rl(tmp_path / "start", rl_rows([problems[0], *unlike], []), tmp_path / "model", settings)
    assert len({len(row.prompt) for row in seen}) > 1  # so that some prompts are padded
    assert sorted(found) == pytest.approx(sorted(row.logprob or 0.0 for row in seen), abs=1e-3)


def test_every_problem_comes_once_a_pass_in_another_order(problems: list[Problem]) -> None:
    passes = [chosen(problems, 2 * turn, 5, 0) + chosen(problems, 2 * turn + 1, 5, 0) for turn in range(2)]
    assert all(sorted(p.id for p in one) == sorted(p.id for p in problems) for one in passes)
    assert passes[0] != passes[1]


def test_rows_are_padded_on_the_outside_and_shared_tokens_are_read_but_not_trained() -> None:
    rows = [TokenRow((5,), (1, 2, 3), (0.1, 0.2, 0.3), 1), TokenRow((6, 7), (4,), (0.4,))]
    found = padded(rows, 0, "cpu")
    assert found["prompt_ids"].tolist() == [[0, 5], [6, 7]]
    assert found["completion_ids"].tolist() == [[1, 2, 3], [4, 0, 0]]
    assert found["completion_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert found["tool_mask"].tolist() == [[0, 1, 1], [1, 0, 0]]
