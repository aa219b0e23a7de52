"""How the next tokens are drawn: every row from its own stream of random numbers, so batches never change a result."""

import numpy as np
import torch

from journey.models.base import ModelError

_CHUNK = 256  # random numbers fetched from a row's stream at a time
_ELEMENTS = 1 << 22  # logits handled at once in double precision


def stream(seed: int, sample: int) -> np.random.Generator:
    """The random stream of sample `sample` of a request: counter-based, so it depends on nothing but its name."""
    key = np.array([seed & 0xFFFFFFFFFFFFFFFF, sample], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def chunk(generator: np.random.Generator) -> np.ndarray:
    """The next `CHUNK` uniform numbers in [0, 1) of a stream."""
    return generator.random(_CHUNK)


CHUNK = _CHUNK


def draw(
    logits: torch.Tensor, temperature: np.ndarray, top_p: np.ndarray, uniform: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One token per row of `logits` (rows, vocabulary), and its log-probability under the model.

    Temperature 0 takes the most likely token. Otherwise the row's uniform number is looked up in the cumulative
    distribution of softmax(logits / temperature), cut to the smallest set of most likely tokens that holds `top_p` of
    the mass (nucleus sampling, Holtzman et al. 2020). The log-probability is that of the uncut model at temperature 1.
    Raises ModelError where the logits are not finite.
    """
    logits = logits.float()
    if logits.device.type == "mps":  # no double precision there
        logits = logits.cpu()
    total = torch.logsumexp(logits, dim=-1)
    if not bool(torch.isfinite(total).all()):
        raise ModelError("The model's output is not a number; load it with dtype float32.")
    tokens = logits.argmax(dim=-1)
    hot = np.flatnonzero(temperature > 0)
    if len(hot):
        rows = max(1, _ELEMENTS // logits.shape[1])
        for part in (hot[i : i + rows] for i in range(0, len(hot), rows)):
            index = torch.as_tensor(part, device=logits.device)
            tokens[index] = _sample(logits[index], temperature[part], top_p[part], uniform[part])
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - total
    return tokens.cpu().numpy(), logprobs.double().cpu().numpy()


def _sample(logits: torch.Tensor, temperature: np.ndarray, top_p: np.ndarray, uniform: np.ndarray) -> torch.Tensor:
    device = logits.device
    scale = torch.as_tensor(temperature, dtype=torch.float64, device=device)[:, None]
    u = torch.as_tensor(uniform, dtype=torch.float64, device=device)[:, None]
    probs = torch.softmax(logits.double() / scale, dim=-1)
    if bool((top_p >= 1).all()):
        return _lookup(probs.cumsum(dim=-1), u)
    ordered, token = probs.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(dim=-1) - ordered
    nucleus = torch.as_tensor(top_p, dtype=torch.float64, device=device)[:, None]
    inside = (before < nucleus) | (nucleus >= 1)
    inside[:, 0] = True
    return token.gather(1, _lookup((ordered * inside).cumsum(dim=-1), u)[:, None])[:, 0]


def _lookup(cumulative: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """The first token whose cumulative mass exceeds the uniform number's share of the whole."""
    target = u * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target, right=True)[:, 0].clamp_(max=cumulative.shape[1] - 1)
