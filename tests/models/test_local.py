"""The local model against Hugging Face's own generation, and against itself in other company."""

import asyncio
import random

import pytest
import torch
from tiny_models import WORDS, save_chat_model, save_word_model, word_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, BloomConfig, GPT2Config, MistralConfig

from journey.errors import UsageError
from journey.models import local_engine
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.local import Local
from journey.models.local_cohort import PlainDecoder
from journey.models.local_generic import GenericDecoder
from journey.models.local_text import Text
from journey.training.base import load
from journey.training.encode import encode
from journey.training.settings import TrainSettings


@pytest.fixture(scope="module")
def word_folder(tmp_path_factory):
    return save_word_model(tmp_path_factory.mktemp("word"))


@pytest.fixture(scope="module")
def chat_folder(tmp_path_factory):
    return save_chat_model(tmp_path_factory.mktemp("chat"))


def _prompts(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choice(WORDS[:-1]) for _ in range(rng.randint(2, 40))) + "\n" for _ in range(count)]


async def _gather(model, prompts, sampling):
    return await asyncio.gather(*(model.complete(Prompt(text), sampling) for text in prompts))


def _reference(folder, texts, max_new_tokens):
    """Greedy token ids by `generate`, one prompt at a time, and the sum of their log-probabilities by one forward."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    found = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            whole = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_new_tokens, do_sample=False
            )
            logprobs = model(whole).logits.log_softmax(-1)[0, ids.shape[1] - 1 : -1]
        new = whole[0, ids.shape[1] :]
        total = logprobs.gather(1, new[:, None]).sum().item()
        found.append((tokenizer.decode(new, skip_special_tokens=True), len(new), total))
    return found


async def test_greedy_text_and_log_probabilities_are_those_of_hugging_face(word_folder):
    prompts = _prompts(12)
    model = Local(word_folder, device="cpu", max_rows=5)
    got = await _gather(model, prompts, Sampling(temperature=0, max_tokens=30))
    for (completion,), (text, tokens, logprob) in zip(got, _reference(word_folder, prompts, 30), strict=True):
        assert completion.text == text
        assert completion.tokens == tokens
        assert completion.logprob == pytest.approx(logprob, abs=1e-3)
    await model.close()


async def test_a_chat_template_opens_the_answer_and_the_prefix_is_continued_raw(chat_folder):
    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    asked = Prompt("What is 3 + 4?", "Step 1: 3 + 4 = 7\n", system="Be brief.")
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": asked.text}]
    opened = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + asked.prefix
    model = Local(chat_folder, device="cpu")
    (got,) = await model.complete(asked, Sampling(temperature=0, max_tokens=25))
    ((text, tokens, logprob),) = _reference(chat_folder, [opened], 25)
    assert (got.text, got.tokens) == (text, tokens)
    assert got.logprob == pytest.approx(logprob, abs=1e-3)
    await model.close()


@pytest.mark.parametrize("temperature", [0.0, 0.9])
async def test_answers_do_not_depend_on_what_else_is_in_flight(word_folder, temperature):
    prompts = _prompts(64)
    results = []
    for rows, flight in ((64, 1), (8, 8), (256, 64), (3, 64)):
        model = Local(word_folder, device="cpu", max_rows=rows)
        gate = asyncio.Semaphore(flight)

        async def one(text, model=model, gate=gate):
            async with gate:
                sampling = Sampling(temperature=temperature, top_p=0.9, max_tokens=12, n=2, seed=7, stop=("\n",))
                return [(c.text, c.tokens, c.finish) for c in await model.complete(Prompt(text), sampling)]

        results.append(await asyncio.gather(*(one(text) for text in prompts)))
        await model.close()
    assert all(result == results[0] for result in results)


async def test_sample_i_is_the_same_however_many_are_drawn(word_folder):
    model = Local(word_folder, device="cpu")
    many = await model.complete(Prompt("3 4 5\n"), Sampling(n=6, max_tokens=15, seed=3))
    few = await model.complete(Prompt("3 4 5\n"), Sampling(n=2, max_tokens=15, seed=3))
    other = await model.complete(Prompt("3 4 5\n"), Sampling(n=2, max_tokens=15, seed=4))
    assert [c.text for c in many[:2]] == [c.text for c in few]
    assert len({c.text for c in many}) > 1
    assert [c.text for c in few] != [c.text for c in other]
    await model.close()


async def test_more_samples_than_rows_are_all_drawn_in_order(word_folder):
    wide, narrow = Local(word_folder, device="cpu"), Local(word_folder, device="cpu", max_rows=4)
    sampling = Sampling(n=11, max_tokens=6, seed=1)
    first = await wide.complete(Prompt("1 2\n"), sampling)
    second = await narrow.complete(Prompt("1 2\n"), sampling)
    assert [c.text for c in first] == [c.text for c in second]


async def test_long_answers_outgrow_the_storage_and_stay_exact(word_folder):
    model = Local(word_folder, device="cpu", max_rows=6)
    prompts = _prompts(9, seed=2)
    got = await _gather(model, prompts, Sampling(temperature=0, max_tokens=150))
    expected = _reference(word_folder, prompts, 150)
    assert [(c.text, c.tokens) for (c,) in got] == [(text, tokens) for text, tokens, _ in expected]
    await model.close()


@pytest.mark.parametrize("decoder", [PlainDecoder, GenericDecoder])
async def test_keys_and_values_keep_to_the_memory_that_they_were_promised(word_folder, decoder, monkeypatch):
    most, write = [0], decoder.write

    def measured(self, tokens):
        logits = write(self, tokens)
        held = [c.held for c in self._cohorts] if decoder is PlainDecoder else [self._block.held]
        most[0] = max(most[0], sum(held) - 64 * len(tokens))
        return logits

    monkeypatch.setattr(decoder, "write", measured)
    if decoder is GenericDecoder:
        monkeypatch.setattr(local_engine, "plain_forward", lambda model: None)
    model = Local(word_folder, device="cpu", max_batch_tokens=4096)
    await _gather(model, _prompts(24), Sampling(temperature=1, max_tokens=400))
    await model.close()
    assert 2000 < most[0] <= 4096 + 64 * 16


async def test_a_stop_string_ends_the_text_and_its_tokens_are_counted(word_folder):
    model = Local(word_folder, device="cpu")
    (free,) = await model.complete(Prompt("3 4 5\n"), Sampling(max_tokens=20, seed=5))
    words = free.text.split(" ")
    stop = f"{words[4]} {words[5]}"
    (got,) = await model.complete(Prompt("3 4 5\n"), Sampling(max_tokens=20, seed=5, stop=(stop, "never")))
    assert got.finish == "stop"
    assert got.text == free.text[: free.text.index(stop)]
    assert got.tokens == 6
    await model.close()


async def test_a_stop_string_split_over_byte_tokens_is_found(chat_folder):
    model = Local(chat_folder, device="cpu")
    (free,) = await model.complete(Prompt("x"), Sampling(temperature=1.0, max_tokens=40, seed=11))
    clean = [i for i in range(3, len(free.text) - 3) if "\ufffd" not in free.text[i : i + 3]]
    for at in clean[:12]:
        stop = free.text[at : at + 3]
        (got,) = await model.complete(Prompt("x"), Sampling(max_tokens=40, seed=11, stop=(stop,)))
        assert got.finish == "stop"
        assert got.text == free.text[: free.text.index(stop)]
    await model.close()


async def test_max_tokens_cuts(word_folder):
    model = Local(word_folder, device="cpu")
    (got,) = await model.complete(Prompt("3 4\n"), Sampling(temperature=0, max_tokens=7))
    assert (got.finish, got.tokens) == ("length", 7)
    (got,) = await model.complete(Prompt("3 4\n"), Sampling(temperature=0, max_tokens=1))
    assert (got.finish, got.tokens) == ("length", 1)
    await model.close()


async def test_an_answer_may_end_at_its_first_token(word_folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(word_folder)
    model = AutoModelForCausalLM.from_pretrained(word_folder)
    ids = tokenizer("3 4\n", return_tensors="pt")["input_ids"]
    model.config.eos_token_id = model.generation_config.eos_token_id = model(ids).logits[0, -1].argmax().item()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    local = Local(tmp_path, device="cpu")
    got = await local.complete(Prompt("3 4\n"), Sampling(temperature=0, max_tokens=9, n=3))
    assert [(c.text, c.finish, c.tokens) for c in got] == [("", "end", 1)] * 3
    await local.close()


async def test_a_prompt_longer_than_the_context_is_a_model_error(tmp_path):
    model = Local(save_word_model(tmp_path, context=16), device="cpu")
    with pytest.raises(ModelError, match="reads at most 16"):
        await model.complete(Prompt("1 " * 20 + "\n"), Sampling(max_tokens=5))
    (got,) = await model.complete(Prompt("1 " * 9 + "\n"), Sampling(temperature=0, max_tokens=50))
    assert got.finish == "end" or (got.finish, got.tokens) == ("length", 6)
    await model.close()


@pytest.mark.parametrize("unknown", [None, "<unk>"])
async def test_a_word_outside_the_vocabulary_is_named(tmp_path, unknown):
    model = Local(save_word_model(tmp_path, unknown=unknown), device="cpu")
    with pytest.raises(UsageError, match="the model's vocabulary lacks 'banana'"):
        await model.complete(Prompt("3 4 banana 5\n"), Sampling(max_tokens=2))
    await model.close()


async def test_a_cancelled_request_leaves_the_others_alone(word_folder):
    model = Local(word_folder, device="cpu", max_rows=4)
    tasks = [asyncio.create_task(model.complete(Prompt(t), Sampling(max_tokens=60, seed=1))) for t in _prompts(8)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in done] == [True, False] * 4
    await model.close()


def test_one_model_serves_several_event_loops_in_turn(word_folder):
    model = Local(word_folder, device="cpu")
    asked = [asyncio.run(model.complete(Prompt("3 4\n"), Sampling(max_tokens=5, seed=2))) for _ in range(3)]
    assert asked[0] == asked[1] == asked[2]


async def test_a_failing_engine_tells_everyone_and_works_again(word_folder, monkeypatch):
    model = Local(word_folder, device="cpu")
    sound = model._engine._decoder.read
    monkeypatch.setattr(model._engine._decoder, "read", lambda *a: sound(*a) * float("nan"))
    failed = await asyncio.gather(
        *(model.complete(Prompt(t), Sampling(max_tokens=3)) for t in _prompts(3)), return_exceptions=True
    )
    assert all(isinstance(error, ModelError) for error in failed)
    monkeypatch.setattr(model._engine._decoder, "read", sound)
    assert await model.complete(Prompt("3\n"), Sampling(max_tokens=3))
    await model.close()


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="There is no model folder"):
        Local(tmp_path / "nothing")


def test_weights_without_safetensors_are_refused(word_folder, tmp_path):
    for file in word_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UsageError, match="safetensors"):
        Local(tmp_path)


def test_damaged_weights_are_refused_in_a_sentence(word_folder, tmp_path):
    for file in word_folder.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:-100] if file.suffix == ".safetensors" else content)
    with pytest.raises(UsageError, match="cannot be loaded"):
        Local(tmp_path)
    with pytest.raises(UsageError, match="cannot be loaded"):
        load(tmp_path, TrainSettings())


def test_a_chat_template_that_raises_is_named(chat_folder):
    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    tokenizer.chat_template = "{{ raise_exception('no such role') }}"
    with pytest.raises(UsageError, match="fails on user: no such role; mend chat_template"):
        Text(tokenizer, (), len(tokenizer)).read(Prompt("hello"))
    with pytest.raises(UsageError, match="no such role"):
        encode(tokenizer, [{"prompt": "hello", "completion": "you"}], "completion", {0})


def test_a_folder_of_gguf_alone_is_told_from_a_broken_one(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(UsageError, match=r"holds GGUF, which is not read here: serve it with llama.cpp"):
        Local(tmp_path)


def test_identity_names_the_weights_and_not_the_folder(word_folder, tmp_path):
    same = save_word_model(tmp_path / "same")
    other = save_word_model(tmp_path / "other", seed=1)
    first = Local(word_folder, device="cpu").identity
    assert first == Local(same, device="cpu").identity != Local(other, device="cpu").identity


@pytest.mark.parametrize("heads", [1, 2, 4])
async def test_the_hand_written_forward_writes_what_the_general_one_writes(heads, tmp_path, monkeypatch):
    folder = save_word_model(tmp_path, kv_heads=heads)
    prompts, sampling = _prompts(40, seed=3), Sampling(max_tokens=90, seed=5, stop=("7",))
    plain = Local(folder, device="cpu", max_rows=16)
    assert isinstance(plain._engine._decoder, PlainDecoder)
    monkeypatch.setattr(local_engine, "plain_forward", lambda model: None)
    general = Local(folder, device="cpu", max_rows=16)
    assert isinstance(general._engine._decoder, GenericDecoder)
    found = [await _gather(model, prompts, sampling) for model in (plain, general)]
    mine, theirs = ([(c.text, c.tokens, c.finish) for (c,) in answers] for answers in found)
    assert mine == theirs
    await plain.close()
    await general.close()


_SMALL = {"vocab_size": len(word_tokenizer()), "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None}
_KINDS = {
    "learned positions": GPT2Config(n_embd=64, n_layer=2, n_head=4, n_positions=128, **_SMALL),
    "positions by bias": BloomConfig(hidden_size=64, n_layer=2, n_head=4, initializer_range=0.3, **_SMALL),
    "sliding window": MistralConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        sliding_window=8, initializer_range=0.3, **_SMALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", _KINDS)
async def test_other_architectures_write_what_hugging_face_writes(kind, tmp_path):
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(_KINDS[kind]).save_pretrained(tmp_path)
    word_tokenizer().save_pretrained(tmp_path)
    prompts = _prompts(5, seed=4)
    model = Local(tmp_path, device="cpu", max_rows=3)
    got = await _gather(model, prompts, Sampling(temperature=0, max_tokens=25))
    expected = _reference(tmp_path, prompts, 25)
    assert [(c.text, c.tokens) for (c,) in got] == [(text, tokens) for text, tokens, _ in expected]
    await model.close()


async def test_pictures_are_refused_in_a_sentence(word_folder):
    model = Local(word_folder)
    with pytest.raises(UsageError, match="reads text only, and the problem has pictures"):
        await model.complete(Prompt("a", images=("0" * 64,)), Sampling(max_tokens=2))
    await model.close()
