"""The batches of reinforcement learning: answers that the policy draws before each update, and checks now and then."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object

from journey.errors import UsageError
from journey.judges.base import Judge
from journey.models.base import Sampling, close
from journey.models.gather import gather_or_cancel
from journey.tasks.table import TaskGrader, ask, task_of
from journey.training.base import processes
from journey.training.border_values import mean
from journey.training.branching import Branched
from journey.training.rl_draw import (
    Background,
    Book,
    Drawn,
    credited,
    draw,
    figures,
    graded,
    read,
    rollout_id,
    was_right,
)
from journey.training.rl_engines import policy
from journey.training.rl_judging import judged, refuse_silent
from journey.training.rl_settings import WITHOUT_SIGNAL, RlSettings, TrainingJudge
from journey.training.rl_trainer import TokenRow
from journey.types import ModelRef, Problem, Rollout, content_seed

CHECK = "check"
"""The key of a check on the validation problems in the trainer's log."""
ENDED = "ended"
"""The key of the reason why training ended, in the log of its last step."""
COUNTS = ("right", "greedy_right")


class Ended(Exception):
    """No further update is to be made."""


class Batches:
    """The other half of the trainer: gives the rows of every update, and counts what they took.

    `generated` tokens so far, those drawn to measure values included. `figures` are those of the last update.
    `seconds` by part, and those of the processor. `ended` says why to stop, null while there is no reason. Of several
    processes each draws the answers to its share of an update's problems; all know all figures.
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
        judge: TrainingJudge | None = None,
    ) -> None:
        self.problems, self.validation, self.settings = problems, validation, settings
        self.generated = 0
        self.figures: dict[str, float] = {}
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.cpu_seconds: defaultdict[str, float] = defaultdict(float)
        self.ended: str | None = None
        self._by_id = {problem.id: problem for problem in problems}
        self._book, self._ref, self._work, self._judge, self._was_judged = book, ref, work, judge, False
        self._world, rank = processes(), int(os.environ.get("RANK", "0"))
        share = settings.problems // self._world
        self._mine = range(rank * share, (rank + 1) * share)
        self._checks = validation[rank :: self._world]
        self._policy = policy(model, ref.name, settings)
        self._grader = TaskGrader()
        self._background = Background()
        by_task = {"exact"} if judge is not None else {"exact", "verdicts"}
        if settings.needs & by_task and any(task_of(p).ground is None for p in problems):
            raise UsageError(
                "credit by verdicts or exact values reads the steps of puzzles, and some of these problems are in "
                "words; name a judge (for judge-*), or take outcome, value, value-rollout or tree"
            )
        if self._world > 1 and settings.engine != "local" and settings.needs & {"rollouts", "tree"}:
            raise UsageError(
                "vLLM answers all processes in one call, and value-rollout and tree ask it for other things in each; "
                "take another credit, one process, or engine: local"
            )
        read_tokens = [len(self._policy.prompt_ids(ask(problem, ()))) for problem in (*problems, *validation)]
        self.longest = max(read_tokens) + settings.max_tokens

    @property
    def most_updates(self) -> int:
        """Updates that the budget allows at most."""
        limits = (self.settings.updates, self.settings.tokens)
        return min((limit for limit in limits if limit is not None), default=1_000_000)

    def rows_of(self, update: int, trainer: Any) -> list[TokenRow]:
        """The rows of an update, drawn by the trainer's present weights, or kept of a training that was killed."""
        if update:  # after a resumption what was generated before stands in the trainer's log
            self._look_back(trainer)
        with self._timed("weights"):
            self._policy.renew(trainer)
        if self._is_due(trainer.state.log_history):
            self._check(trainer)
        size = self.settings.samples
        ids = {rollout_id(self._work, update, number) for number in range(self.settings.answers)}
        known = sorted(self._book.known(update), key=lambda one: one.sample)
        if not ids.issuperset(one.id for one in known):
            raise UsageError(
                f"there are rollouts of a training of {self._ref.name} with other settings, problems or start; choose "
                "another --name, or give those again to go on with it"
            )
        is_kept = len(known) == self.settings.answers
        with self._timed("drawing"):
            mine = known[self._mine.start * size : self._mine.stop * size]
            found = [self._read(one) for one in mine] if is_kept else self._draw(update)
        groups = [found[i : i + size] for i in range(0, len(found), size)]
        if self._judge is not None:
            with self._timed("judging"):
                groups = self._judged(groups, self._judge)
        with self._timed("credit"):
            groups = [credited(group, self.settings) for group in groups]
            found = [one for group in groups for one in group]
        drawn = [one.rollout for one in found]
        if not is_kept:
            with self._timed("keeping"):
                self._book.keep([one for part in self._shared(drawn) for one in part])
        self._note(groups, trainer)
        rewards, kl = self.settings.rewards, self.settings.kl
        trained = [one for one in found if any(one.advantages) or (kl and not one.is_masked(rewards))] or found[:1]
        return [
            TokenRow(one.prompt, one.rollout.token_ids, one.advantages, logprob=one.rollout.logprob) for one in trained
        ]

    def _look_back(self, trainer: Any) -> None:
        """Raises Ended where the training had ended when it was killed, before its model was written."""
        last = trainer.state.log_history[-1]
        self.generated = int(last["generated"])
        if ENDED in last:
            trainer.callback.ended = last[ENDED]
            raise Ended

    def finish(self, trainer: Any) -> None:
        """The last check, of the weights as they ended."""
        if not self.generated:  # killed behind the last update
            logged = [entry["generated"] for entry in trainer.state.log_history if "generated" in entry]
            self.generated = int(logged[-1])
        self._policy.renew(trainer)
        self._check(trainer)

    def close(self) -> None:
        """Gives back threads and processes."""
        self._background.result(self._policy.close())
        self._background.result(close(self._judge))
        self._grader.close()
        self._background.close()

    def _draw(self, update: int) -> list[Drawn]:
        work = draw(
            self.problems, self._policy, self._grader, update, self._ref, self._work, self.settings, self._mine
        )  # fmt: skip
        return self._background.result(work)

    def _read(self, rollout: Rollout) -> Drawn:
        return read(self._by_id[rollout.problem], rollout, self._policy)

    def _judged(self, groups: Sequence[Sequence[Drawn]], judge: Judge) -> list[list[Drawn]]:
        """The groups with the judge's word; a judge that says nothing of all of the first ones has none to say."""
        work = gather_or_cancel(judged(self._by_id[group[0].rollout.problem], group, judge) for group in groups)
        found = self._background.result(work)
        if not self._was_judged:
            refuse_silent([one for group in found for one in group], judge)
        self._was_judged = True
        return found

    def _shared(self, own: Any) -> list[Any]:
        """What every process has in place of `own`, in the order of the processes."""
        return [own] if self._world == 1 else gather_object([own])

    def agreed(self, own: bool) -> bool:
        """Whether it holds in any of the processes, so that all of them go on or all stop."""
        return any(self._shared(own))

    def _note(self, groups: Sequence[Sequence[Drawn]], trainer: Any) -> None:
        """Figures of the update into the trainer's log; gives up where no answer earns more than another."""
        found = [one for group in groups for one in group]
        own = figures(found) | {
            "no_signal": sum(not any(any(one.advantages) for one in group) for group in groups) / len(groups)
        }
        given = [one.reward for one in found if one.reward is not None]
        spent = sum(one.rollout.spent.model_tokens for one in found)
        parts = self._shared((own, given, spent))
        self.generated += sum(tokens for _, _, tokens in parts)
        rewards = [one for _, values, _ in parts for one in values]
        reward = mean(rewards)
        self.figures = {name: sum(of[name] for of, _, _ in parts) / len(parts) for name in own}
        self.figures |= {} if reward is None else {"reward": reward}
        dull = self.figures["no_signal"]
        for name, value in {"generated": float(self.generated), **self.figures}.items():
            trainer._metrics["train"][name].append(value)  # TRL logs their means, of one value each
        shares = [*(entry["no_signal"] for entry in trainer.state.log_history if "no_signal" in entry), dull]
        if len(shares) >= WITHOUT_SIGNAL and all(share == 1.0 for share in shares[-WITHOUT_SIGNAL:]):
            why = f"no answer of {WITHOUT_SIGNAL} updates in a row earned more than another to its problem"
            if reward is None:
                why += ", as nobody could say what one earns"
                mend = "look at the problems' answers, or raise max_tokens where all are cut off"
            else:
                why += f" (the mean reward is {reward:.2f}), so there is nothing to learn"
                mend = "take problems of middling difficulty, or a start that solves some"
            if all(share == 1.0 for share in shares):
                raise UsageError(f"{why}; {mend}")
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
            parts = [one for one in self._shared(self._background.result(self._checked())) if one is not None]
        problems = sum(one["problems"] for one in parts)
        counts = {"problems": problems, **{name: sum(one[name] for one in parts) for name in COUNTS}}
        means = {name: round(sum(one["problems"] * one[name] for one in parts) / problems, 4) for name in parts[0]}
        checked = means | counts
        log = trainer.state.log_history
        log.append({"step": trainer.state.global_step, "generated": self.generated, CHECK: checked})
        trainer.callback.note_check(log)

    async def _checked(self) -> dict[str, Any] | None:
        """How many validation problems the model answers right, drawn as in training and greedily, and in what way.

        Of this process's share; null where it has none.
        """
        settings = self.settings
        if not self._checks:
            return None
        as_drawn, greedily = await gather_or_cancel(
            (self._answers(settings.temperature, settings.top_p), self._answers(0.0, 1.0))
        )
        return figures(as_drawn) | {
            "problems": len(as_drawn),
            "right": sum(was_right(one.rollout) for one in as_drawn),
            "greedy_right": sum(was_right(one.rollout) for one in greedily),
        }

    async def _answers(self, temperature: float, top_p: float) -> list[Drawn]:
        return await gather_or_cancel(self._answer(problem, temperature, top_p) for problem in self._checks)

    async def _answer(self, problem: Problem, temperature: float, top_p: float) -> Drawn:
        seed = content_seed("check", problem.id, self.settings.seed)
        sampling = Sampling(temperature, top_p, self.settings.max_tokens, seed=seed)
        (completion,) = await self._policy.complete(ask(problem, ()), sampling)
        drawn = Branched(completion.text, completion)
        fields = await graded(problem, drawn, self._grader, self.settings.rewards)
        return read(problem, Rollout("", problem.id, self._ref, 0, 0, seed=seed, **fields), self._policy)

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began, worked = time.perf_counter(), time.process_time()
        yield
        self.seconds[part] += time.perf_counter() - began
        self.cpu_seconds[part] += time.process_time() - worked
