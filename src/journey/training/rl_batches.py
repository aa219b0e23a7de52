"""A policy at batches: before each update it draws answers by its present weights, and is checked now and then."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer

from journey.errors import UsageError
from journey.models.base import Sampling
from journey.models.gather import gather_or_cancel
from journey.models.local import Local
from journey.models.local_threads import limit_threads
from journey.tasks.table import TaskGrader, ask, task_of
from journey.training.branching import Branched
from journey.training.rl_draw import Background, Book, Drawn, credited, draw, figures, graded, read, was_right
from journey.training.rl_settings import WITHOUT_SIGNAL, RlSettings
from journey.training.rl_trainer import TokenRow
from journey.types import ModelRef, Problem, Rollout, content_seed

CHECK = "check"
"""The key of a check on the validation problems in the trainer's log."""


class Batches:
    """The other half of the trainer: gives the rows of every update, and counts what they took.

    `generated` tokens so far, those drawn to measure values included. `figures` are those of the last update.
    `seconds` by part. `ended` says why to stop, null while there is no reason.
    """

    def __init__(
        self,
        model: str | Path,
        problems: Sequence[Problem],
        validation: Sequence[Problem],
        settings: RlSettings,
        book: Book,
        ref: ModelRef,
        work: str,
    ) -> None:
        self.problems, self.validation, self.settings = problems, validation, settings
        self.generated = 0
        self.figures: dict[str, float] = {}
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.ended: str | None = None
        self._by_id = {problem.id: problem for problem in problems}
        self._book, self._ref, self._work = book, ref, work
        limit_threads(model)
        self._local = Local(model, ref.name)
        self._grader = TaskGrader()
        self._background = Background()
        self._without_signal, self._had_signal = 0, False
        if settings.needs & {"verdicts", "exact", "scores"} and any(task_of(p).ground is None for p in problems):
            raise UsageError(
                "credit by verdicts or exact values reads the steps of puzzles, and some of these problems are in "
                "words; take outcome, value-rollout or tree"
            )
        read_tokens = [len(self._local.prompt_ids(ask(problem, ()))) for problem in (*problems, *validation)]
        self.longest = max(read_tokens) + settings.max_tokens

    @property
    def most_updates(self) -> int:
        """Updates that the budget allows at most."""
        limits = (self.settings.updates, self.settings.tokens)
        return min((limit for limit in limits if limit is not None), default=1_000_000)

    def rows_of(self, update: int, trainer: Any) -> list[TokenRow]:
        """The rows of an update, drawn by the trainer's present weights, or kept of a training that was killed."""
        if update:  # after a resumption what was generated before stands in the trainer's log
            self.generated = int(trainer.state.log_history[-1]["generated"])
        with self._timed("weights"):
            self._local.take_weights(policy_weights(trainer))
        if self._is_due(trainer.state.log_history):
            self._check(trainer)
        known = self._book.known(update)
        is_kept = len(known) == self.settings.answers
        with self._timed("drawing"):
            found = [self._read(one) for one in known] if is_kept else self._draw(update)
        with self._timed("credit"):
            size = self.settings.samples
            groups = [credited(found[i : i + size], self.settings) for i in range(0, len(found), size)]
            found = [one for group in groups for one in group]
        if not is_kept:
            with self._timed("keeping"):
                self._book.keep([one.rollout for one in found])
        self.generated += sum(one.rollout.spent.model_tokens for one in found)
        self._note(groups, trainer)
        trained = [one for one in found if any(one.advantages) or self.settings.kl]
        return [TokenRow(one.prompt, one.rollout.token_ids, one.advantages) for one in trained or found[:1]]

    def finish(self, trainer: Any) -> None:
        """The last check, of the weights as they ended."""
        self._local.take_weights(policy_weights(trainer))
        self._check(trainer)

    def close(self) -> None:
        """Gives back threads and processes."""
        self._background.result(self._local.close())
        self._grader.close()
        self._background.close()

    def _draw(self, update: int) -> list[Drawn]:
        work = draw(self.problems, self._local, self._grader, update, self._ref, self._work, self.settings)
        return self._background.result(work)

    def _read(self, rollout: Rollout) -> Drawn:
        return read(self._by_id[rollout.problem], rollout, self._local)

    def _note(self, groups: Sequence[Sequence[Drawn]], trainer: Any) -> None:
        """Figures of the update into the trainer's log; gives up where no answer earns more than another."""
        found = [one for group in groups for one in group]
        rewards = [one.reward for one in found if one.reward is not None]
        reward = sum(rewards) / len(rewards) if rewards else 0.0
        dull = sum(not any(any(one.advantages) for one in group) for group in groups) / len(groups)
        self.figures = figures(found) | {"reward": reward, "no_signal": dull}
        for name, value in {"generated": float(self.generated), **self.figures}.items():
            trainer._metrics["train"][name].append(value)  # TRL logs their means, of one value each
        self._without_signal = self._without_signal + 1 if dull == 1.0 else 0
        self._had_signal = self._had_signal or dull < 1.0
        if self._without_signal == WITHOUT_SIGNAL:
            why = (
                f"no answer of {WITHOUT_SIGNAL} updates in a row earned more than another to its problem (the mean "
                f"reward is {reward:.2f}), so there is nothing to learn"
            )
            if not self._had_signal:
                raise UsageError(f"{why}; take problems of middling difficulty, or a start that solves some")
            self.ended = why

    def _is_due(self, log: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a check is due: before the first update, and whenever `check_every` more was generated."""
        checks = [entry["generated"] for entry in log if CHECK in entry]
        every = self.settings.check_every
        return not checks or self.generated // every > checks[-1] // every

    def _check(self, trainer: Any) -> None:
        if not self.validation:
            return
        with self._timed("checking"):
            checked = self._background.result(self._checked())
        log = trainer.state.log_history
        log.append({"step": trainer.state.global_step, "generated": self.generated, CHECK: checked})
        trainer.watch.hear_check(log[-1])

    async def _checked(self) -> dict[str, Any]:
        """How many validation problems the model answers right, drawn as in training and greedily, and in what way."""
        settings = self.settings
        as_drawn, greedily = await gather_or_cancel(
            (self._answers(settings.temperature, settings.top_p), self._answers(0.0, 1.0))
        )
        means = figures(as_drawn)
        return {
            "problems": len(as_drawn),
            "right": sum(was_right(one.rollout) for one in as_drawn),
            "greedy_right": sum(was_right(one.rollout) for one in greedily),
            **{name: round(value, 4) for name, value in means.items() if name != "right"},
        }

    async def _answers(self, temperature: float, top_p: float) -> list[Drawn]:
        return await gather_or_cancel(self._answer(problem, temperature, top_p) for problem in self.validation)

    async def _answer(self, problem: Problem, temperature: float, top_p: float) -> Drawn:
        seed = content_seed("check", problem.id, self.settings.seed)
        sampling = Sampling(temperature, top_p, self.settings.max_tokens, seed=seed)
        (completion,) = await self._local.complete(ask(problem, ()), sampling)
        drawn = Branched(completion.text, completion)
        fields = await graded(problem, drawn, self._grader, self.settings.rewards)
        return read(problem, Rollout("", problem.id, self._ref, 0, 0, seed=seed, **fields), self._local)

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - began


def policy_weights(trainer: Any) -> dict[str, torch.Tensor]:
    """The weights of the model in training by their names in the model, adapters merged into them."""
    net = trainer.accelerator.unwrap_model(trainer.model)
    if not isinstance(net, PeftModel):
        return net.state_dict()
    inner = net.get_base_model()
    merged = {name.replace(".base_layer", ""): values for name, values in inner.state_dict().items()}
    weights = {name: values for name, values in merged.items() if "lora_" not in name}
    for name, layer in inner.named_modules():
        if isinstance(layer, LoraLayer):
            linear: Any = layer
            weights[f"{name}.weight"] = linear.get_base_layer().weight + linear.get_delta_weight("default")
    return weights
