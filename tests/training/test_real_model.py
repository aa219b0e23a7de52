"""A pretrained model trained in every way, and a tree of its own judged by its own rollouts."""

from dataclasses import replace
from pathlib import Path

import pytest
from commanding import done, write_rows
from real_model import real_model
from transformers import AutoTokenizer

from journey.models.base import Prompt, Sampling
from journey.models.local import Local
from journey.store.run import Run
from journey.training import loop
from journey.training.dpo import train_dpo
from journey.training.prm import train_prm
from journey.training.settings import DpoSettings, PrmSettings, SftSettings
from journey.training.sft import Supervised, train_sft

pytestmark = pytest.mark.real
SUMS = [{"prompt": f"What is {n} plus {n + 1}?", "completion": f"Sum: {n} + {n + 1} = {2 * n + 1}."} for n in range(8)]
FEW = SftSettings(max_steps=5, batch=8, learning_rate=3e-4)


def test_the_prompt_is_masked_and_the_end_is_learnt(tmp_path: Path) -> None:
    folder = real_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    built = loop.build(Supervised(FEW), folder, SUMS, tmp_path / "out", FEW)
    batch = next(iter(built.trainer.get_train_dataloader()))
    told = {row["completion"] + "<|im_end|>" for row in SUMS}
    assert {tokenizer.decode(labels[labels != -100]) for labels in batch["labels"]} == told
    assert all("<|im_start|>assistant" in tokenizer.decode(ids) for ids in batch["input_ids"])


@pytest.mark.parametrize("lora", [None, 16])
async def test_the_loss_falls_and_answers_end_as_they_were_told(tmp_path: Path, lora: int | None) -> None:
    rate = 3e-4 if lora is None else 3e-3
    curve = train_sft(real_model(), SUMS, tmp_path / "out", replace(FEW, lora=lora, learning_rate=rate))
    assert curve[-1]["loss"] < curve[0]["loss"] / 2
    assert (tmp_path / "out" / "model.safetensors").stat().st_size < 300e6  # in 16 bits, as the base was saved
    model = Local(tmp_path / "out")
    (found,) = await model.complete(Prompt(SUMS[3]["prompt"]), Sampling(temperature=0, max_tokens=40))
    assert found.text.startswith("Sum: 3 + 4") and found.finish == "end"
    await model.close()


def test_preferences_and_a_judge_of_steps_are_learnt(tmp_path: Path) -> None:
    pairs = [{"prompt": r["prompt"], "chosen": r["completion"], "rejected": "I do not know."} for r in SUMS]
    settings = DpoSettings(max_steps=2, batch=4, learning_rate=1e-5)
    assert len(train_dpo(real_model(), pairs, tmp_path / "dpo", settings)) == 2
    rows = [
        {"prompt": r["prompt"], "completions": [r["completion"], "So it is 0."], "labels": [True, False]} for r in SUMS
    ]
    train_prm(real_model(), rows, tmp_path / "prm", PrmSettings(max_steps=2, batch=4))
    file = write_rows(tmp_path / "steps.jsonl", rows)
    said = done("eval", "judges", "--judge", f"prm:{tmp_path / 'prm'}", "--on", file, "--json").data
    assert said["results"][0]["failed"] == {}


def test_a_tree_of_its_own_is_judged_by_its_own_rollouts(tmp_path: Path) -> None:
    real_model()
    file = write_rows(
        tmp_path / "rows.jsonl", [{"question": "Tom has 3 apples and buys 5 more. How many?", "answer": "8"}]
    )
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"{{task: math, model: smollm2, judge: 'rollout:smollm2', problems: {{file: {file}}}, "
        "trees: {grow: {width: 2, keep: 1, depth: 2, max_step_tokens: 40, steps: written}}, "
        "rollout: {n: 2, max_tokens: 40}, thoughts: {methods: [shortcut, traverse]}}"
    )
    done("grow", recipe, "--out", tmp_path / "run")
    with Run.read(tmp_path / "run") as run:
        (tree,) = run.trees()
    assert tree.nodes and all(node.judgement is not None and node.tokens for node in tree.nodes)
    assert all(j.reason or j.evidence for node in tree.nodes if (j := node.judgement) and node.answer is None)
    done("export", tmp_path / "run", "page", "--item", tree.id, "--to", tmp_path / "page.html")
    assert "rollout:smollm2" in (tmp_path / "page.html").read_text()
