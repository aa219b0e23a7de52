"""TRL's GRPO trainer on rollouts of our own, with an advantage for every token.

Pinned to what TRL 1.16 does: `_compute_loss` takes advantages of shape (rows, tokens) "for subclasses", and
`_prepare_inputs` gives it the rows of each pass. A test holds the loss against the formula.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, cast

import torch
from peft import PeftModel
from torch.utils.data import DataLoader
from trl.trainer.grpo_trainer import GRPOTrainer

from journey.training.rl_engines import drawn_ratio

LOSSES = {"tokens": "dapo", "answers": "grpo", "constant": "dr_grpo"}
"""Our names of how a loss is averaged, and TRL's."""

DRAWN = "drawn_logprob"
WEIGHT = "rows_of_a_part"
SMALL = 8192  # words of a vocabulary whose logits are no burden


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A prompt and an answer as token ids, with the advantage of each of the answer's tokens.

    The first `shared` tokens are read, not trained. `logprob` is that of the answer when it was drawn, null: unknown.
    """

    prompt: Sequence[int]
    answer: Sequence[int]
    advantages: Sequence[float]
    shared: int = 0
    logprob: float | None = None

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.answer)


class RolloutTrainer(GRPOTrainer):
    """`rows_of(update)` gives the rows of an update, at least one of them with tokens to train on."""

    rows_of: Callable[[int], Sequence[TokenRow]]
    callback: Any
    small: bool
    _parts: list[dict[str, Any]]

    def get_train_dataloader(self) -> Any:
        """A loader of nothing, as long as training may last: rows are drawn when they are needed."""
        number = self.args.max_steps * self.args.gradient_accumulation_steps
        return DataLoader(range(number), batch_size=1, collate_fn=lambda found: found)  # type: ignore[arg-type]

    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        """The part of the update's rows that is trained on now."""
        micro_steps = self.args.gradient_accumulation_steps
        at = self._step % micro_steps
        if at == 0 and self.state.global_step % self.num_iterations == 0:
            rows = self.rows_of(self.state.global_step // self.num_iterations)
            self._parts = self._padded_parts(rows, micro_steps)
        return self._parts[at]

    def _padded_parts(self, rows: Sequence[TokenRow], number: int) -> list[dict[str, Any]]:
        """The rows in `number` parts of like lengths, padded, with what the loss needs of all of them."""
        ranked = sorted(rows, key=lambda row: row.length)
        pad: Any = self._tokenizer.pad_token_id or 0
        tokens = float(sum(len(row.answer) - row.shared for row in rows))
        trained, every = self._of_all(tokens), self._of_all(float(len(rows)))
        is_constant = self.loss_type == LOSSES["constant"]  # over all answers, those without credit among them
        each = (
            self.args.per_device_train_batch_size
            if is_constant
            else every.item() / self.accelerator.num_processes / number
        )
        parts: list[dict[str, Any]] = []
        for i in range(number):
            some = ranked[i * len(ranked) // number : (i + 1) * len(ranked) // number]
            # An update with fewer rows than parts: an empty part reads one row again and trains nothing of it.
            part = padded(some or [_untrained(ranked[0])], pad, self.accelerator.device)
            parts.append(part | {"num_items_in_batch": trained, WEIGHT: len(some) / each})
        corrects = self.use_vllm and self.vllm_importance_sampling_correction
        if self.num_iterations > 1 or corrects:
            self._note_old_logprobs(parts)
        if corrects:
            most = self.vllm_importance_sampling_clip_max
            for part in parts:
                logprobs, trained, drawn = (part[name] for name in ("old_per_token_logps", "tool_mask", DRAWN))
                part["importance_sampling_ratio"] = drawn_ratio(logprobs, trained, drawn, most)
        if self.beta:
            for part in parts:
                part["ref_per_token_logps"] = self._reference_logprobs(part)
        return parts

    def _of_all(self, own: float) -> torch.Tensor:
        """The sum of a number over the processes."""
        number: Any = torch.tensor(own, device=self.accelerator.device)
        return cast(torch.Tensor, self.accelerator.reduce(number, reduction="sum"))

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        """TRL's loss. Averaged over rows it takes all parts for equally many; theirs here are not."""
        loss = super()._compute_loss(model, inputs)
        return loss if self.loss_type == LOSSES["tokens"] else loss * inputs[WEIGHT]

    def _note_old_logprobs(self, parts: Sequence[dict[str, Any]]) -> None:
        with torch.no_grad():
            for part in parts:
                part["old_per_token_logps"] = self._logprobs(self.model, part)

    def _reference_logprobs(self, part: dict[str, Any]) -> torch.Tensor:
        with torch.no_grad():
            if self.ref_model is not None:
                return self._logprobs(self.ref_model, part)
            with self.accelerator.unwrap_model(self.model).disable_adapter():
                return self._logprobs(self.model, part)

    def _logprobs(self, model: Any, part: dict[str, Any]) -> torch.Tensor:
        ids = torch.cat([part["prompt_ids"], part["completion_ids"]], 1)
        mask = torch.cat([part["prompt_mask"], part["completion_mask"]], 1)
        return self._get_per_token_logps_and_entropies(model, ids, mask, part["completion_ids"].shape[1])[0]

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, logits_to_keep: int, *args: Any,
        **options: Any,
    ) -> Any:  # fmt: skip
        if not self.small:
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *args, **options
            )
        # TRL's head never holds all logits, which saves memory where the vocabulary is large and costs time where not.
        with self.accelerator.autocast():
            found = model(input_ids=input_ids, attention_mask=attention_mask, logits_to_keep=logits_to_keep + 1)
        every = torch.log_softmax(found.logits[:, :-1].float() / self.temperature, -1)
        picked = every.gather(-1, input_ids[:, -logits_to_keep:, None])[..., 0]
        with torch.no_grad():
            entropies = -(every.exp() * every).sum(-1)
        return picked, entropies, None

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super(GRPOTrainer, self)._save_checkpoint(model, trial)  # without a card that names a Hub


def count_positions(net: Any) -> None:
    """Lets a model with learnt positions (GPT-2) count them from a prompt's first token, as it does when it is asked.

    By itself it would count the padding before a prompt, too. Where only distances matter, as with rotary positions,
    nothing is changed.
    """
    inner: Any = net.get_base_model() if isinstance(net, PeftModel) else net
    takes = "position_ids" in signature(type(inner).forward).parameters
    if takes and getattr(inner.config.get_text_config(), "rope_parameters", None) is None:
        net.register_forward_pre_hook(_with_positions, with_kwargs=True)


def _with_positions(net: Any, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    mask = given.get("attention_mask")
    return args, given if mask is None else {"position_ids": (mask.long().cumsum(-1) - 1).clamp(min=0), **given}


def _untrained(row: TokenRow) -> TokenRow:
    return TokenRow(row.prompt, row.answer, [0.0] * len(row.answer), len(row.answer))


def padded(rows: Sequence[TokenRow], pad: int, device: Any) -> dict[str, torch.Tensor]:
    """Rows as tensors (rows, tokens): prompts padded on the left, answers on the right."""
    before, behind = max(len(row.prompt) for row in rows), max(len(row.answer) for row in rows)

    def filled(width: int, value: float, kind: Any) -> torch.Tensor:
        return torch.full((len(rows), width), value, dtype=kind)

    prompts, prompt_mask = filled(before, pad, torch.long), filled(before, 0, torch.long)
    answers, answer_mask = filled(behind, pad, torch.long), filled(behind, 0, torch.long)
    trained, advantages = filled(behind, 0, torch.long), filled(behind, 0.0, torch.float32)
    for i, row in enumerate(rows):
        start, end = before - len(row.prompt), len(row.answer)
        prompts[i, start:], prompt_mask[i, start:] = torch.tensor(row.prompt), 1
        answers[i, :end], answer_mask[i, :end] = torch.tensor(row.answer), 1
        trained[i, row.shared : end] = 1
        advantages[i, :end] = torch.tensor(row.advantages)
    found = {
        "prompt_ids": prompts, "prompt_mask": prompt_mask, "completion_ids": answers, "completion_mask": answer_mask,
        "tool_mask": trained,  # TRL's name for what the policy itself wrote
        "advantages": advantages,
        DRAWN: torch.tensor([[math.nan if row.logprob is None else row.logprob] for row in rows]),
    }  # fmt: skip
    return {name: tensor.to(device) for name, tensor in found.items()}
