"""A hand-written forward pass of plain Llama and Qwen3 models on a processor: few, large operations.

The query, key and value matrices are one, as are those of gate and up; the weights of the norms are folded into the
matrices behind them; a rotary turn is one complex product. oneDNN multiplies the matrices, also in float32: it was
measured twice as fast as MKL on an AMD processor, with the same result for a row whatever the other rows are.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.nn import functional

Linear = Callable[[torch.Tensor], torch.Tensor]
Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

LARGEST = 200_000_000  # weights; a larger model has little to gain, and its matrices would lie in memory twice
_KINDS = ("LlamaForCausalLM", "Qwen3ForCausalLM")
_ROTARY = ("default", "linear", "llama3")  # kinds whose frequencies do not depend on the length of the text
_AGREES = {torch.float32: 1e-2, torch.bfloat16: 1.0}
"""How far its log-probabilities may lie from those of Hugging Face's forward: each lies as far from the exact ones."""


class _Layer(NamedTuple):
    """One block: `scale` (heads, width of a head) multiplies the normed queries and keys, null without their norm."""

    qkv: Linear
    scale: torch.Tensor | None
    out: Linear
    gate_up: Linear
    down: Linear


class PlainForward:
    """The forward pass of a plain model, with a copy of its weights as they are now.

    Shapes: N tokens, H heads, K key-value heads, D a head.
    """

    def __init__(self, model: Any) -> None:
        config, base = model.config, model.model
        self.layers = config.num_hidden_layers
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head = base.layers[0].self_attn.head_dim
        self._width, self._eps = config.hidden_size, config.rms_norm_eps
        self._embedding = base.embed_tokens.weight
        self._blocks = [self._block(layer) for layer in base.layers]
        self._logits = _linear(_scaled(model.lm_head.weight, base.norm.weight))
        self._frequency = base.rotary_emb.inv_freq.float()
        self._turns = torch.empty(0, 1, self.head // 2, dtype=torch.complex64)

    def _block(self, layer: Any) -> _Layer:
        attention, mlp = layer.self_attn, layer.mlp
        # A rotary turn takes element i of a head with i + D/2: beside each other, they are one complex number.
        paired = torch.arange(self.head).view(2, -1).t().flatten()

        def turned(weight: torch.Tensor) -> torch.Tensor:
            return weight.unflatten(0, (-1, self.head))[:, paired].flatten(0, 1)

        qkv = torch.cat([turned(attention.q_proj.weight), turned(attention.k_proj.weight), attention.v_proj.weight])
        scale = None
        if hasattr(attention, "q_norm"):
            q, k = attention.q_norm.weight[paired], attention.k_norm.weight[paired]
            scale = torch.cat([q.expand(self.heads, -1), k.expand(self.kv_heads, -1)])
        gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
        return _Layer(
            _linear(_scaled(qkv, layer.input_layernorm.weight)),
            scale,
            _linear(attention.o_proj.weight),
            _linear(_scaled(gate_up, layer.post_attention_layernorm.weight)),
            _linear(mlp.down_proj.weight),
        )

    def __call__(self, ids: torch.Tensor, positions: torch.Tensor, attend: Attend) -> torch.Tensor:
        """The last hidden states (N, width) of tokens `ids` (N) at `positions` (N).

        `attend` gets the layer's number, queries (N, H, D), keys and values (N, K, D) and returns (N, H * D).
        """
        x = self._embedding[ids]
        turns = self._turns_up_to(int(positions.max()) + 1)[positions]
        turning = self.heads + self.kv_heads
        for number, block in enumerate(self._blocks):
            states = block.qkv(functional.rms_norm(x, (self._width,), None, self._eps)).unflatten(1, (-1, self.head))
            qk, v = states[:, :turning], states[:, turning:]
            if block.scale is not None:
                qk = functional.rms_norm(qk, (self.head,), None, self._eps).mul_(block.scale)
            pairs = torch.view_as_complex(qk.float().unflatten(2, (-1, 2)))
            qk = torch.view_as_real(pairs * turns).flatten(2).to(x.dtype)
            x = x + block.out(attend(number, qk[:, : self.heads], qk[:, self.heads :], v))
            gate, up = block.gate_up(functional.rms_norm(x, (self._width,), None, self._eps)).chunk(2, dim=1)
            x = x + block.down(functional.silu(gate).mul_(up))
        return x

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """The logits (N, vocabulary) of last hidden states."""
        return self._logits(functional.rms_norm(x, (self._width,), None, self._eps))

    def _turns_up_to(self, length: int) -> torch.Tensor:
        if len(self._turns) < length:
            angles = torch.arange(max(length, 2 * len(self._turns), 512)).float()[:, None, None] * self._frequency
            self._turns = torch.polar(torch.ones_like(angles), angles)
        return self._turns


@torch.inference_mode()
def plain_forward(model: Any) -> PlainForward | None:
    """The hand-written forward of a model; null where its kind, size or place is another, or a trial does not agree."""
    config = model.config
    if type(model).__name__ not in _KINDS or model.device.type != "cpu" or model.dtype not in _AGREES:
        return None
    rotary = getattr(config, "rope_parameters", None) or {}
    plain = (
        model.num_parameters() <= LARGEST
        and rotary.get("rope_type", "default") in _ROTARY
        and set(getattr(config, "layer_types", None) or ()) <= {"full_attention"}
        and config.hidden_act == "silu"
        and not any(name.endswith("bias") for name, _ in model.named_parameters())
    )
    if not plain:
        return None
    # Ordinary words: on the special tokens that a vocabulary begins with, 16 bits alone go far astray.
    forward, ids = PlainForward(model), (torch.arange(8) * 97 + 1780) % config.vocab_size
    theirs = model(input_ids=ids[None], use_cache=False).logits[0, -1].float().log_softmax(-1)
    ours = forward.logits(forward(ids, torch.arange(8), causal(1, None))[-1:])[0].float().log_softmax(-1)
    return forward if bool((theirs - ours).abs().max() <= _AGREES[model.dtype]) else None


def causal(texts: int, first: torch.Tensor | None) -> Attend:
    """Attention within `texts` texts of equal width, each token to those before it; text t begins at `first[t]`."""

    def attend(number: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        q, k, v = (states.unflatten(0, (texts, -1)).transpose(1, 2) for states in (q, k, v))
        mask = None
        if first is not None:
            column = torch.arange(q.shape[2])
            seen = (column[None, :] <= column[:, None]) & (column >= first[:, None, None])
            mask = (seen | torch.eye(len(column), dtype=torch.bool))[:, None]  # padding sees itself: no NaN
        found = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None, enable_gqa=True)
        return found.transpose(1, 2).flatten(0, 1).flatten(1)

    return attend


def _scaled(weight: torch.Tensor, norm: torch.Tensor) -> torch.Tensor:
    """The weights with those of the norm before them folded in, rounded once."""
    return (weight.float() * norm.float()).to(weight.dtype)


def _linear(weight: torch.Tensor) -> Linear:
    """x -> x @ weight.T, by oneDNN where this torch has it."""
    weight = weight.detach().contiguous()
    if not torch.backends.mkldnn.is_available():
        return lambda x: functional.linear(x, weight)
    multiply, packed = torch.ops.mkldnn._linear_pointwise.default, torch.ops.mkldnn._reorder_linear_weight(weight, 256)
    return lambda x: multiply(x, packed, None, "none", [], "")
