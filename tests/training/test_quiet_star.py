"""Quiet-STaR on tiny models: thoughts are learnt, weighed and drawn, and a model answers with them and without."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.local import Local
from journey.models.local_thoughts import FILE, Stream, Thinking, Thoughtful
from journey.training.kinds import settings_from_json
from journey.training.quiet_star import chosen_spots, drawn, followed, reinforce, train_quiet_star
from journey.training.save import workshop
from journey.training.settings import QuietStarSettings

FAST = QuietStarSettings(epochs=6, batch=4, learning_rate=1e-2, precision="fp32", device="cpu", thought=3, new_rate=10)


@pytest.fixture(scope="module")
def trained(words_model: Path, sums: list, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list]:
    out = tmp_path_factory.mktemp("quiet") / "model"
    return out, train_quiet_star(words_model, sums, out, FAST)


def test_the_loss_falls_and_the_weight_of_thoughts_moves(trained: tuple[Path, list]) -> None:
    _, curve = trained
    assert curve[-1]["loss"] < 0.7 * curve[0]["loss"]
    assert curve[0]["mixing"] == pytest.approx(0.119, abs=0.01)
    assert abs(curve[-1]["mixing"] - curve[0]["mixing"]) > 0.02
    assert all("thought_gain" in point for point in curve)


def test_the_folder_is_an_ordinary_model_with_the_learnt_parts_beside_it(trained: tuple[Path, list]) -> None:
    out, _ = trained
    assert {file.name for file in out.glob("*.safetensors")} == {"model.safetensors", FILE}
    assert not any("thinking" in name for name in load_file(out / "model.safetensors"))
    thinking = Thinking(32)
    thinking.load_state_dict(load_file(out / FILE))
    assert int(thinking.length) == 3 and not torch.equal(thinking.start, thinking.end)
    assert AutoModelForCausalLM.from_pretrained(out) is not None


def test_reinforce_makes_the_better_thought_likelier_and_the_worse_one_less_so() -> None:
    logprobs = torch.tensor([[-2.0, -2.0], [-1.0, -3.0]], requires_grad=True)
    reinforce(torch.tensor([[-0.1, -0.9], [-0.5, -0.5]]), logprobs).backward()
    assert logprobs.grad is not None
    better, worse = logprobs.grad[0].tolist()
    assert better < 0 < worse, "a step against the gradient raises the first and lowers the second"
    assert logprobs.grad[1].tolist() == [0, 0], "where both thoughts do as well nothing is learnt"


def test_a_step_of_reinforce_raises_the_odds_of_the_thought_that_helps(words_model: Path) -> None:
    net = AutoModelForCausalLM.from_pretrained(words_model)
    net.add_module("thinking", Thinking(32, 1))
    ids, spots = torch.tensor([[4, 5, 6]]), [(0, 1, 2)] * 2
    contexts, thoughts = [[4, 5]] * 2, torch.tensor([[7], [8]])

    def logprobs() -> torch.Tensor:
        hidden = net.base_model(input_ids=ids).last_hidden_state
        return followed(net, hidden, ids, spots, contexts, thoughts)[1].view(1, 2)

    before = logprobs()
    reinforce(torch.tensor([[0.0, -1.0]]), before).backward()
    with torch.no_grad():
        for weights in net.parameters():
            if weights.grad is not None:
                weights -= 0.1 * weights.grad
    after = logprobs()
    assert after[0, 0] > before[0, 0] and after[0, 1] < before[0, 1]


def test_a_thought_changes_what_follows_by_its_weight_only(words_model: Path) -> None:
    net = AutoModelForCausalLM.from_pretrained(words_model)
    thinking = Thinking(32, 2)
    net.add_module("thinking", thinking)
    ids = torch.tensor([[4, 5, 6, 3, 9, 8, 2]])
    hidden = net.base_model(input_ids=ids).last_hidden_state
    spots, contexts = [(0, 1, 3), (0, 3, 6)], [[4, 5], [4, 5, 6, 3]]
    thoughts = drawn(net, contexts, 2, torch.Generator().manual_seed(1))
    with torch.no_grad():
        thinking.mix[-1].bias.fill_(-40.0)  # type: ignore[union-attr, operator]
    losses, _, weight, gain = followed(net, hidden, ids, spots, contexts, thoughts)
    likely = net(input_ids=ids).logits.log_softmax(-1)[0]
    plain = [-sum(likely[i, ids[0, i + 1]] for i in range(at, end)) / (end - at) for _, at, end in spots]
    assert torch.allclose(losses, torch.stack(plain), atol=1e-5)
    assert weight.item() < 1e-6 and abs(gain.item()) < 1e-6


def test_what_is_read_on_with_a_cache_is_what_is_read_in_one_piece(words_model: Path) -> None:
    net = AutoModelForCausalLM.from_pretrained(words_model)
    rows = Stream(net, [[4, 5, 6], [9]])
    rows.read_ids(torch.tensor([7, 8]))
    for row, ids in enumerate(([4, 5, 6, 7], [9, 8])):
        whole = net.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
        assert torch.allclose(rows.hidden[row], whole, atol=1e-5)


def test_thoughts_stand_behind_the_prompt_and_behind_every_line() -> None:
    ids = torch.tensor([[4, 5, 3, 6, 7, 3, 8, 2]])
    labels = torch.tensor([[-100, -100, -100, 6, 7, 3, 8, 2]])
    assert chosen_spots(ids, labels, {3}, 9, Random(0)) == [(0, 2, 5), (0, 5, 7)]
    assert len(chosen_spots(ids, labels, {3}, 1, Random(0))) == 1


def test_a_training_that_was_killed_ends_as_the_straight_one(words_model: Path, sums: list, tmp_path: Path) -> None:
    settings = replace(FAST, epochs=3, save_every=4)
    straight = train_quiet_star(words_model, sums, tmp_path / "straight", settings)

    def stop(point: dict) -> None:
        if point["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_quiet_star(words_model, sums, tmp_path / "resumed", settings, stop)
    assert not (tmp_path / "resumed").exists() and workshop(tmp_path / "resumed").is_dir()
    assert train_quiet_star(words_model, sums, tmp_path / "resumed", settings) == straight
    for file in ("model.safetensors", FILE):
        first, second = (load_file(tmp_path / name / file) for name in ("straight", "resumed"))
        assert all(torch.equal(first[name], second[name]) for name in first), file


def ask(model: Thoughtful | Local, samplings: list[Sampling], texts: list[str]) -> list[list[Completion]]:
    async def together() -> list[list[Completion]]:
        calls = (model.complete(Prompt(text), how) for text, how in zip(texts, samplings, strict=True))
        return list(await asyncio.gather(*calls))

    return asyncio.run(together())


def test_answers_with_thoughts_depend_on_nothing_but_their_prompt_and_their_stream(
    trained: tuple[Path, list], sums: list
) -> None:
    out, _ = trained
    texts = [row["prompt"] for row in sums[:4]]
    how = [Sampling(max_tokens=30, n=2, seed=i) for i in range(4)]
    together = ask(Thoughtful(out, "quiet"), how, texts)
    alone = [ask(Thoughtful(out, "quiet"), [one], [text])[0] for one, text in zip(how, texts, strict=True)]
    assert together == alone
    assert len({completion.text for of in together for completion in of}) > 1


def test_thoughts_are_charged_and_cold_ones_without_weight_change_nothing(
    trained: tuple[Path, list], sums: list
) -> None:
    out, _ = trained
    greedy = Sampling(temperature=0, max_tokens=30)
    model, plain = Thoughtful(out, "quiet"), Local(out, "plain", device="cpu", dtype="float32")
    (one,) = ask(model, [greedy], [sums[0]["prompt"]])[0]
    lines = one.text.count("\n") + (not one.text.endswith("\n"))
    assert one.tokens == len(one.ids) + 3 * lines
    with torch.no_grad():
        model._thinking.mix[-1].bias.fill_(-40.0)  # type: ignore[union-attr, operator]
    for row in sums[:4]:
        (thoughtless,) = ask(plain, [greedy], [row["prompt"]])[0]
        assert ask(model, [greedy], [row["prompt"]])[0][0].text == thoughtless.text


def test_what_it_cannot_do_is_refused(
    trained: tuple[Path, list], words_model: Path, sums: list, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="leave lora"):
        train_quiet_star(words_model, sums, tmp_path / "out", replace(FAST, lora=4))
    with pytest.raises(UsageError, match="at least 2"):
        settings_from_json("quiet_star", {"samples": 1})
    with pytest.raises(ModelError, match="no stop strings"):
        ask(Thoughtful(trained[0], "quiet"), [Sampling(stop=("\n",))], ["1 + 2"])
