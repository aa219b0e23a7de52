"""What solutions have in common is computed once, and the scores are those of every solution read by itself."""

import asyncio
from pathlib import Path

import known_prm
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    Gemma2Config,
    Gemma2Model,
    LlamaConfig,
    LlamaModel,
    MistralConfig,
    MistralModel,
    Qwen3Config,
    Qwen3Model,
)

from journey.judges.classifier import Classifier, ClassifierSettings
from journey.judges.classifier_engine import Engine, Row, can_pack
from journey.judges.classifier_forms import Laid
from journey.types import make_problem

SIZE = {
    "vocab_size": 20, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.2,
}  # fmt: skip
MODELS = {
    "llama": lambda: LlamaModel(LlamaConfig(**SIZE)),
    "qwen3": lambda: Qwen3Model(Qwen3Config(**SIZE, head_dim=8)),
    "mistral, window 6": lambda: MistralModel(MistralConfig(**SIZE, sliding_window=6)),
    "gemma2, window 6": lambda: Gemma2Model(Gemma2Config(**SIZE, head_dim=8, sliding_window=6)),
}
solutions = st.lists(st.lists(st.integers(3, 6), min_size=1, max_size=24), min_size=1, max_size=6)


def made(name: str) -> tuple[torch.nn.Module, torch.nn.Module]:
    torch.manual_seed(0)
    return MODELS[name]().eval(), torch.nn.Linear(32, 2).eval()


BUILT = {name: made(name) for name in MODELS}


def laid(ids: list[int]) -> Laid:
    return Laid(tuple(ids), tuple(sorted({len(ids) // 2, len(ids) - 1})))


@pytest.mark.parametrize("name", sorted(MODELS))
@settings(max_examples=20)
@given(some=st.lists(st.tuples(st.sampled_from("ab"), solutions), min_size=1, max_size=3))
def test_shared_rows_give_what_the_plain_forward_pass_gives(name: str, some: list) -> None:
    backbone, head = BUILT[name]
    asked = [(key, laid(ids)) for key, several in some for ids in several]
    shared = Engine(backbone, head, "softmax", True).probabilities(asked)
    for (_, one), found in zip(asked, shared, strict=True):
        with torch.no_grad():
            hidden = backbone(input_ids=torch.tensor([one.ids])).last_hidden_state[0, list(one.ends)]
            plain = head(hidden).softmax(-1)
        assert torch.allclose(torch.tensor(found), plain, atol=2e-6)


@given(solutions)
def test_a_row_holds_every_beginning_once_and_sees_its_own_way_only(several: list[list[int]]) -> None:
    row = Row()
    for ids in several:
        room = row.room(ids)
        places = row.add(ids)
        assert len(row.ids) == room
        assert row.is_plain == all(parent == i - 1 for i, parent in enumerate(row.parents))
        assert [row.ids[place] for place in places] == ids
        assert [row.depths[place] for place in places] == list(range(len(ids)))
        assert list(row.sees()[places[-1]].nonzero()[0]) == sorted(places)
    assert len(row.ids) == len({tuple(ids[:n]) for ids in several for n in range(1, len(ids) + 1)})


def test_siblings_share_their_prefix_in_one_pass() -> None:
    backbone, head = BUILT["llama"]
    prefix = [3] * 40
    asked = [("a", laid([*prefix, 4, i])) for i in range(5, 13)]
    shared, plain = Engine(backbone, head, "softmax", True), Engine(backbone, head, "softmax", False)
    assert torch.allclose(
        torch.tensor(shared.probabilities(asked)), torch.tensor(plain.probabilities(asked)), atol=2e-6
    )
    assert (shared.counts.forwards, shared.counts.tokens, shared.counts.laid) == (1, 49, 8 * 42)
    assert plain.counts.tokens == 8 * 42


def test_too_many_for_one_row_are_laid_into_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journey.judges.classifier_engine.ROW", 12)
    monkeypatch.setattr("journey.judges.classifier_engine.BATCH", 24)
    backbone, head = BUILT["llama"]
    asked = [("a", laid([3, i, j, 7, 7, 7])) for i in range(4, 8) for j in range(8, 12)]
    shared, plain = Engine(backbone, head, "softmax", True), Engine(backbone, head, "softmax", False)
    found = shared.probabilities(asked)
    assert torch.allclose(torch.tensor(found), torch.tensor(plain.probabilities(asked)), atol=2e-6)
    assert shared.counts.forwards > 2


def test_long_siblings_share_their_prefix_where_short_ones_of_nothing_in_common_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("journey.judges.classifier_engine.ROW", 8)
    backbone, head = BUILT["llama"]
    engine = Engine(backbone, head, "softmax", True)
    engine.probabilities([("a", laid([3] * 40 + [i] * 4)) for i in range(4, 10)])
    assert engine.counts.tokens == 40 + 6 * 4
    engine.probabilities([("a", laid([i] * 20)) for i in range(4, 10)])
    assert engine.counts.tokens == 40 + 6 * 4 + 6 * 20
    assert engine.counts.forwards == 2
    row = Row()
    row.add([4] * 20)
    assert not row.gains([5] * 20)


def test_a_model_that_takes_no_positions_is_read_plainly() -> None:
    backbone, head = made("llama")
    backbone.config._attn_implementation = "flash_attention_2"
    assert not can_pack(backbone)
    backbone.config._attn_implementation = "sdpa"
    engine = Engine(backbone, head, "softmax", False)
    engine.probabilities([("a", laid([3, 4])), ("a", laid([3, 5]))])
    assert engine.counts.tokens == 4


def test_the_same_is_said_with_and_without_sharing(tmp_path: Path) -> None:
    folder = known_prm.save_qwen(tmp_path)
    problem = make_problem(known_prm.QUESTION, "1")
    said = [
        asyncio.run(
            Classifier(folder, "p", ClassifierSettings(share=share), "cpu").judge(problem, ["good"], ["bad", "fine"])
        )
        for share in (True, False)
    ]
    assert said[0] == said[1]
