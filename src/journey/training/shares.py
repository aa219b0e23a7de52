"""Training on several processes that share the weights out: whether they do, and the whole weights at the end."""

import os
from typing import cast

import torch
from accelerate import DistributedType
from peft import PeftModel
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from transformers import Trainer

from journey.errors import UsageError

SHARES = {DistributedType.FSDP: "ACCELERATE_USE_FSDP", DistributedType.DEEPSPEED: "ACCELERATE_USE_DEEPSPEED"}
"""What shares weights out between processes, and the variable by which accelerate says that it is asked for."""


def refuse_other_world(trainer: Trainer, world: int | None) -> None:
    """Some launchers start one process where several were asked for, or share nothing out, and say nothing."""
    accelerator = trainer.accelerator
    running, kind = accelerator.num_processes, accelerator.distributed_type
    if world is not None and running != world:
        raise UsageError(
            f"Training was asked for on {world} processes but runs on {running}: start it with "
            f"`torchrun --nproc_per_node {world} -m journey.training.launch ...` (accelerate launch --cpu starts one)."
        )
    for wanted, variable in SHARES.items():
        if os.environ.get(variable) == "true" and kind != wanted:
            raise UsageError(
                f"{wanted.value} was asked for but training runs as {kind.value}, where every process holds the whole "
                "model: it needs GPUs, and a config of accelerate's for them"
            )
    if kind in SHARES and isinstance(trainer.model, PeftModel):
        raise UsageError(f"adapters are merged into whole weights, which {kind.value} shares out: leave lora away")


def whole_weights(trainer: Trainer) -> dict[str, torch.Tensor] | None:
    """All weights, in the main process, where FSDP or DeepSpeed shares them out; null where each process has them.

    All processes have to call it.
    """
    kind = trainer.accelerator.distributed_type
    if kind not in SHARES:
        return None
    if kind == DistributedType.DEEPSPEED:
        return cast("dict[str, torch.Tensor]", trainer.accelerator.get_state_dict(trainer.model_wrapped))
    return gathered(trainer.accelerator.unwrap_model(trainer.model))


def gathered(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a model that FSDP shares out, in the memory of the main process; empty in the others.

    What is tied to other weights is left out, as in the files of a model.
    """
    whole = get_model_state_dict(net, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    tied = getattr(net, "all_tied_weights_keys", {})
    return {name: cast("torch.Tensor", weights) for name, weights in whole.items() if name not in tied}
