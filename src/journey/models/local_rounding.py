"""Saved weights in another precision."""

from pathlib import Path

from journey.errors import UsageError


def rounded(source: Path, to: Path, dtype: str) -> None:
    """Writes a safetensors file whose floating-point tensors are of the given type ("bfloat16"). Raises UsageError."""
    try:
        import torch
        from safetensors.torch import load_file, save_file
    except ModuleNotFoundError as error:
        mend = "install it with pip install 'journey-learning[local]', or leave --dtype out"
        raise UsageError(f"rounding weights needs {error.name}; {mend}") from None
    kind: torch.dtype = getattr(torch, dtype)
    tensors = {name: one.to(kind) if one.is_floating_point() else one for name, one in load_file(source).items()}
    save_file(tensors, to, metadata={"format": "pt"})
