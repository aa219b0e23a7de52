"""How the next tokens are drawn: every row from its own stream of random numbers, so batches never change a result."""

import numpy as np
import torch

from journey.models.base import ModelError

_LIKELY = 1024  # tokens of a large vocabulary that are looked at before all of them
_MOST = 0xFFFFFFFF
_CHUNK = 256  # random numbers fetched from a row's stream at a time


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
    cold = temperature <= 0
    if cold.all():
        tokens = logits.argmax(dim=-1)
    else:
        tokens = _sample(logits, np.where(cold, 1.0, temperature), np.where(cold, 1.0, top_p), uniform)
        if cold.any():
            index = torch.from_numpy(np.flatnonzero(cold)).to(logits.device)
            tokens[index] = logits[index].argmax(dim=-1)
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - total
    return tokens.cpu().numpy(), logprobs.double().cpu().numpy()


def _sample(logits: torch.Tensor, temperature: np.ndarray, top_p: np.ndarray, uniform: np.ndarray) -> torch.Tensor:
    u = torch.from_numpy(uniform).to(logits.device)[:, None]
    if not (temperature == 1).all():
        logits = logits / torch.from_numpy(temperature.astype(np.float32)).to(logits.device)[:, None]
    probs = torch.softmax(logits, dim=-1)
    cut = np.flatnonzero(top_p < 1)
    if len(cut) == len(top_p):
        return _from_nucleus(probs, torch.from_numpy(top_p).to(logits.device)[:, None], u)
    tokens = _lookup(probs.cumsum(dim=-1, dtype=torch.float64), u)
    if len(cut):
        index = torch.from_numpy(cut).to(logits.device)
        tokens[index] = _from_nucleus(probs[index], torch.from_numpy(top_p[cut]).to(logits.device)[:, None], u[index])
    return tokens


def _from_nucleus(probs: torch.Tensor, top_p: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """Of a large vocabulary the most likely tokens are looked at first; all of it only where they hold too little."""
    if probs.shape[1] <= 4 * _LIKELY:
        return _from_sorted(probs, torch.arange(probs.shape[1], device=probs.device), top_p, u)[0]
    if probs.device.type == "cpu":  # numpy finds them as fast however many they are
        places = torch.from_numpy(np.argpartition(probs.numpy(), -_LIKELY, axis=1)[:, -_LIKELY:])
        likely = probs.gather(1, places)
    else:
        likely, places = probs.topk(_LIKELY, dim=-1, sorted=False)
    tokens, least = _from_sorted(likely, places, top_p, u)
    # Tokens as likely as the last of them may have been left out: they must all lie outside the nucleus.
    open_rows = (least <= likely.amin(dim=-1)).nonzero()[:, 0]
    if len(open_rows):
        everything = torch.arange(probs.shape[1], device=probs.device)
        tokens[open_rows] = _from_sorted(probs[open_rows], everything, top_p[open_rows], u[open_rows])[0]
    return tokens


def _from_sorted(
    probs: torch.Tensor, places: torch.Tensor, top_p: torch.Tensor, u: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """A token of each row's nucleus, and the probability of the least likely one in it; `places` names the tokens."""
    # One whole number sorts a token by its probability, then by its place: numpy sorts these faster than torch pairs.
    keys = probs.contiguous().view(torch.int32).long() << 32 | (_MOST - places)
    on_cpu = keys.device.type == "cpu"
    keys = torch.from_numpy(np.sort(keys.numpy(), axis=1)) if on_cpu else keys.sort(dim=-1).values
    keys = keys.flip(-1)
    ordered = (keys >> 32).int().view(torch.float32)
    mass = ordered.cumsum(dim=-1, dtype=torch.float64)
    inside = mass - ordered < top_p
    inside[:, 0] = True
    chosen = _lookup((ordered * inside).cumsum(dim=-1, dtype=torch.float64), u)
    least = ordered.gather(1, inside.sum(dim=-1, keepdim=True) - 1)[:, 0]
    return _MOST - (keys.gather(1, chosen[:, None])[:, 0] & _MOST), least


def _lookup(cumulative: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """The first token whose cumulative mass exceeds the uniform number's share of the whole."""
    target = u * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target, right=True)[:, 0].clamp_(max=cumulative.shape[1] - 1)
