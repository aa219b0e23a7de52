"""Quiet-STaR in the small (Zelikman et al., arXiv 2403.09629): a model learns to think before each line it writes.

At the end of a line (and of the prompt) a thought of a few tokens is sampled between learnt embeddings; the following
line is predicted by logits mixed of those with and without the thought. The loss is that of the line with its thought,
that of the answer without any, and REINFORCE on the thought's tokens: what a thought gains is the mean log-likelihood
of the following line, less that of the other thoughts at the same place. The paper thinks at every token.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments

from journey.errors import UsageError
from journey.models.local_thoughts import FILE, Stream, Thinking, left_padded, line_ends, positions
from journey.training.base import processes
from journey.training.curve import OnLog
from journey.training.loop import Columns, OrderedTrainer, train
from journey.training.rows import Row
from journey.training.save import Curve
from journey.training.settings import QuietStarSettings
from journey.training.sft import IGNORED, Supervised
from journey.types import content_seed

Spot = tuple[int, int, int]  # a row, the token that a thought follows, and the last token of the line behind it
Tensors = dict[str, torch.Tensor]


def train_quiet_star(
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: QuietStarSettings | None = None,
    on_log: OnLog | None = None,
    *,
    world: int | None = None,
) -> Curve:
    """Trains `model` to think before each line of the rows' completions; else as `train_sft`.

    What lies in `out` is an ordinary model without thoughts, and one with them by `local_thoughts`. Points of the
    curve also have `mixing`, the mean weight of thoughts, and `thought_gain`, the nats a token that they save. Raises
    UsageError also for adapters and several processes.
    """
    settings = settings or QuietStarSettings()
    if settings.lora is not None or processes() > 1:
        raise UsageError("Quiet-STaR trains all weights in one process: leave lora and torchrun out.")
    return train("quiet_star", Thoughts(settings), model, list(rows), Path(out), settings, on_log, world)


class Thoughts:
    """How prompt/completion rows become a trainer (`loop.Method`)."""

    def __init__(self, settings: QuietStarSettings) -> None:
        self.settings = settings
        self.texts_in_row = 1 + settings.places * settings.samples

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns:
        return Supervised(self.settings).columns(tokenizer, rows, stops)

    def trainer(
        self, net: PreTrainedModel, arguments: dict[str, Any], order: Sequence[int], parts: dict[str, Any]
    ) -> "QuietStarTrainer":
        words: Any = net.get_input_embeddings()
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.settings.seed)
            thinking = Thinking(words.weight.shape[1], self.settings.thought)
        with torch.no_grad():  # the paper begins at the embedding of a dash; the mean word leans nowhere
            for mark in (thinking.start, thinking.end):
                mark.copy_(words.weight.mean(0))
        net.add_module("thinking", thinking)
        known = {name: value for name, value in arguments.items() if name != "max_length"}  # which only TRL knows
        config = TrainingArguments(**known, remove_unused_columns=False)
        trainer = QuietStarTrainer(net, config, data_collator=right_padded, **parts)
        trainer.model_accepts_loss_kwargs = False  # the loss is a mean over what a process holds at once
        trainer.settings, trainer.seen = self.settings, []
        trainer.line_ends = line_ends(parts["processing_class"])
        return trainer


def right_padded(rows: Sequence[dict[str, Any]]) -> Tensors:
    """Rows as tensors (rows, longest)."""
    shape = (len(rows), max(len(row["input_ids"]) for row in rows))
    found = {"input_ids": torch.zeros(shape).long(), "attention_mask": torch.zeros(shape).long(),
             "labels": torch.full(shape, IGNORED)}  # fmt: skip
    for at, row in enumerate(rows):
        length = len(row["input_ids"])
        found["input_ids"][at, :length] = torch.tensor(row["input_ids"])
        found["labels"][at, :length] = torch.tensor(row["labels"])
        found["attention_mask"][at, :length] = 1
    return found


class QuietStarTrainer(OrderedTrainer):
    """transformers' trainer with the three losses."""

    settings: QuietStarSettings
    line_ends: set[int]
    seen: list[torch.Tensor]

    def create_optimizer(self, *arguments: Any, **others: Any) -> torch.optim.Optimizer:
        """The learnt parts of thoughts are new and learn faster than the weights."""
        made = super().create_optimizer(*arguments, **others)
        new = list(self.model.thinking.parameters())  # type: ignore[union-attr]
        for group in made.param_groups:
            group["params"] = [one for one in group["params"] if not any(one is other for other in new)]
        rate = self.settings.learning_rate * self.settings.new_rate
        made.add_param_group({"params": new, "lr": rate, "weight_decay": 0.0})
        return made

    def compute_loss(
        self, model: Any, inputs: Tensors, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The losses without and with thoughts (means over tokens), and REINFORCE's."""
        settings, ids, labels = self.settings, inputs["input_ids"], inputs["labels"]
        hidden = model.base_model(input_ids=ids, attention_mask=inputs["attention_mask"]).last_hidden_state
        logits = model.get_output_embeddings()(hidden)
        plain = functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())
        stream = Random(content_seed("thoughts", settings.seed, self.state.global_step, ids.tolist()))
        spots = chosen_spots(ids, labels, self.line_ends, settings.places, stream)
        repeated = [spot for spot in spots for _ in range(settings.samples)]
        contexts = [ids[row, : at + 1].tolist() for row, at, _ in repeated]
        numbers = torch.Generator().manual_seed(stream.getrandbits(63))
        thoughts = drawn(model, contexts, settings.thought, numbers)
        losses, logprobs, weight, gain = followed(model, hidden, ids, repeated, contexts, thoughts)
        rewards, of_thoughts = (x.view(-1, settings.samples) for x in (-losses, logprobs))
        self.seen.append(torch.stack([weight, gain]).detach())
        return plain + losses.mean() + settings.reinforce * reinforce(rewards, of_thoughts)

    def log(self, logs: dict[str, Any], *arguments: Any, **others: Any) -> None:
        """The trainer's figures with those of thoughts since the last time."""
        if self.seen and "loss" in logs:
            mixing, gain = torch.stack(self.seen).mean(0).tolist()
            logs |= {"mixing": mixing, "thought_gain": gain}
            self.seen.clear()
        super().log(logs, *arguments, **others)

    def beside(self) -> dict[str, Tensors]:
        """The parts of thoughts, taken off the model, for a file of their own."""
        net: Any = self.model
        thinking = net.thinking.state_dict()
        del net.thinking
        return {FILE: {name: values.contiguous().cpu() for name, values in thinking.items()}}


def chosen_spots(
    ids: torch.Tensor, labels: torch.Tensor, line_ends: set[int], places: int, stream: Random
) -> list[Spot]:
    """Where each row thinks: behind the prompt and behind its lines, at most `places` of them, in their order."""
    found: list[Spot] = []
    for row, (tokens, wanted) in enumerate(zip(ids.tolist(), labels.tolist(), strict=True)):
        answer = [at for at, label in enumerate(wanted) if label != IGNORED]
        at = [answer[0] - 1, *(i for i in answer[:-1] if tokens[i] in line_ends)]
        ends = [*at[1:], answer[-1]]
        picked = sorted(stream.sample(range(len(at)), min(places, len(at))))
        found += [(row, at[i], ends[i]) for i in picked]
    return found


@torch.no_grad()
def drawn(net: Any, contexts: Sequence[Sequence[int]], length: int, numbers: torch.Generator) -> torch.Tensor:
    """A thought (rows, length) behind each context, sampled from the model at temperature 1."""
    after = Stream(net, contexts)
    after.read_all(net.thinking.start)
    thoughts: list[torch.Tensor] = []
    for _ in range(length):
        likely = net.get_output_embeddings()(after.hidden).float().softmax(-1)
        thoughts.append(torch.multinomial(likely.cpu(), 1, generator=numbers)[:, 0].to(likely.device))
        after.read_ids(thoughts[-1])
    return torch.stack(thoughts, dim=1)


def followed(
    net: Any, hidden: torch.Tensor, ids: torch.Tensor, spots: Sequence[Spot], contexts: Sequence[Sequence[int]],
    thoughts: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """What each thought does for the line behind it.

    Gives the mean loss of that line with the thought (spots), the log-probability of the thought (spots), and as means
    the weight of thoughts and the nats a token that they save. `hidden` (rows, tokens, width) are states without any.
    """
    words, (count, length) = net.get_input_embeddings(), thoughts.shape
    longest = max(end - at for _, at, end in spots)
    places = torch.arange(longest, device=ids.device)
    row, at, end = torch.tensor(spots, device=ids.device).unbind(1)
    inside = places < (end - at)[:, None]
    where = torch.minimum(at[:, None] + places, end[:, None] - 1)
    following = ids[row[:, None], where + 1]
    context, mask = left_padded(contexts, ids.device)
    marks = [mark.expand(count, 1, -1) for mark in (net.thinking.start, net.thinking.end)]
    embedded = torch.cat([words(context), marks[0], words(thoughts), marks[1], words(following[:, :-1])], dim=1)
    behind = torch.ones(count, embedded.shape[1] - context.shape[1], dtype=torch.long, device=ids.device)
    mask = torch.cat([mask, behind], dim=1)
    states = net.base_model(inputs_embeds=embedded, attention_mask=mask, position_ids=positions(mask)).last_hidden_state
    begin = context.shape[1]
    likely = net.get_output_embeddings()(states[:, begin : begin + length]).float().log_softmax(-1)
    logprobs = likely.gather(-1, thoughts[..., None])[..., 0].sum(1)
    without, mixed, weight = net.thinking.mixed(net, hidden[row[:, None], where], states[:, begin + length + 1 :])
    plain, thoughtful = (-x.float().log_softmax(-1).gather(-1, following[..., None])[..., 0] for x in (without, mixed))
    losses = (thoughtful * inside).sum(1) / inside.sum(1)
    return losses, logprobs, weight[inside].mean(), (plain - thoughtful)[inside].mean()


def reinforce(rewards: torch.Tensor, logprobs: torch.Tensor) -> torch.Tensor:
    """REINFORCE's loss of thoughts (places, samples): those above the mean of their place become likelier."""
    advantages = (rewards - rewards.mean(1, keepdim=True)).detach()
    return -(advantages * logprobs).mean()
