"""What journey exports, read by the other projects' own code.

    python benchmarks/other_stacks.py make FOLDER      # with journey: a small run and its exports
    python benchmarks/other_stacks.py trl FOLDER       # with journey[train]: one update of TRL's GRPO with our rewards
    python benchmarks/other_stacks.py verl FOLDER      # with journey and verl==0.9.1
    python benchmarks/other_stacks.py openrlhf FOLDER  # with journey and openrlhf==0.11.2
    python benchmarks/other_stacks.py verifiers FOLDER # with verifiers==0.4.0 alone

Each check runs where its project is installed: their dependencies do not go together, so they are in no extra.
"""

import asyncio
import json
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHAT = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"  # the tiny tokenizer has no chat template
RIGHT = "3 * 4 = 12 ( 5 12 -> 17 )\n12 + 5 = 17 ( 17 -> 17 )"


def make(folder: Path) -> None:
    """A run with problems of two parts, a tree and a thought, and all that is exported of it."""
    from journey.store.run import Run
    from journey.types import Node, Segment, Thought, Tree, make_problem

    puzzles = [make_problem(f"Make 17 from 3 4 {n}", "17", task="countdown") for n in (5, 10, 29)]
    first, second = RIGHT.split("\n")
    nodes = (Node(-1, first, tokens=20), Node(0, second, answer="3*4+5", correct=True, tokens=16, value=1.0),
             Node(0, "12 - 5 = 7 ( 7 -> 17 )", answer="7", correct=False, tokens=16, value=0.0))  # fmt: skip
    thought = Thought("t", puzzles[0].id, "tree", "shortcut", (Segment("step", RIGHT, 0, 0, len(RIGHT)),), RIGHT,
                      RIGHT, "17")  # fmt: skip
    with Run.open(folder / "run") as run:
        run.put_all("problems", puzzles[:2], split="train")
        run.put_all("problems", puzzles[2:], split="test")
        run.put_all("trees", [Tree("tree", puzzles[0].id, nodes)])
        run.put_all("thoughts", [thought])
    for what, form, file in (
        ("prompts", "trl", "trl.jsonl"), ("prompts", "verl", "verl.parquet"), ("prompts", "openrlhf", "openrlhf.jsonl"),
        ("advantages", "rllm", "rllm.jsonl"), ("trees", "verifiers", "trees.jsonl"),
        ("thoughts", "verifiers", "thoughts.jsonl"),
    ):  # fmt: skip
        command = ("export", folder / "run", what, "--for", form, "--to", folder / file)
        subprocess.run([sys.executable, "-m", "journey", *map(str, command)], check=True)


def trl(folder: Path) -> None:
    """GRPOTrainer's own loop: two rewards of ours, one update, rewards that the trainer logged."""
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    from journey.models.weights import model_path
    from journey.rewards import outcome, value

    rows = load_dataset("json", data_files=str(folder / "trl.jsonl"), split="train")
    tokenizer = AutoTokenizer.from_pretrained(model_path("tiny"))
    ended = [tokenizer.eos_token_id]
    settings = GRPOConfig(
        output_dir=str(folder / "trl"), max_steps=1, per_device_train_batch_size=2, num_generations=2, use_cpu=True,
        max_completion_length=60, logging_steps=1, report_to=[], save_strategy="no",
    )  # fmt: skip
    rewards = [partial(outcome, cut_off=-0.5, end_ids=ended), partial(value, end_ids=ended)]
    trainer = GRPOTrainer(model_path("tiny"), rewards, settings, rows, processing_class=tokenizer)
    trainer.train()
    logged = trainer.state.log_history[0]
    print({key: logged[key] for key in logged if key.startswith("rewards/")})


def verl(folder: Path) -> None:
    """RLHFDataset reads the prompts; the custom reward function is found and called as its reward manager does."""
    from omegaconf import OmegaConf
    from transformers import AutoTokenizer
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.utils.dataset.rl_dataset import RLHFDataset

    from journey.models.weights import model_path
    from journey.rewards import elsewhere

    tokenizer = AutoTokenizer.from_pretrained(model_path("tiny"))
    tokenizer.chat_template = CHAT
    settings = {"max_prompt_length": 1024, "cache_dir": str(folder / "cache"), "filter_overlong_prompts_workers": None}
    rows = RLHFDataset([str(folder / "verl.parquet")], tokenizer, OmegaConf.create(settings))
    found = [rows[i] for i in range(len(rows))]
    assert len(found) == 2 and {row["extra_info"]["split"] for row in found} == {"train"}
    reward = {"custom_reward_function": {"path": elsewhere.__file__, "name": "compute_score",
                                         "reward_kwargs": {"wrong": -1.0}}}  # fmt: skip
    score = get_custom_reward_fn(OmegaConf.create({"reward": reward}))
    row = next(row for row in found if row["extra_info"]["question"].endswith("3 4 5"))
    for text, expected in ((RIGHT, 1.0), ("4 - 3 = 1 ( 1 5 -> 17 )\n1 * 5 = 5 ( 5 -> 17 )", -1.0), ("", 0.0)):
        given: Any = score(data_source=row["data_source"], solution_str=text,
                           ground_truth=row["reward_model"]["ground_truth"], extra_info=row["extra_info"])  # fmt: skip
        assert asyncio.run(given)["score"] == expected


def openrlhf(folder: Path) -> None:
    """Its loader and PromptDataset read the prompts; its executor finds and calls the reward function."""
    from openrlhf.datasets.prompts_dataset import PromptDataset
    from openrlhf.datasets.utils import blending_datasets
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    from journey.rewards import elsewhere

    data = SimpleNamespace(input_key="input", label_key="reference", apply_chat_template=False)
    strategy = SimpleNamespace(args=SimpleNamespace(data=data), is_rank_0=lambda: True, print=print)
    rows = PromptDataset(blending_datasets(str(folder / "openrlhf.jsonl"), None, strategy), None, strategy)
    source, prompt, label, _ = next(row for row in map(rows.__getitem__, range(len(rows))) if "3 4 5" in row[1])
    assert len(rows) == 2 and source == "journey/countdown"
    executor = SingleTurnAgentExecutor(elsewhere.__file__)
    given = asyncio.run(executor._fetch_rewards_via_func([prompt + RIGHT + "</s>"], [prompt], [label]))
    assert given[0]["rewards"] == 1.0


def verifiers(folder: Path) -> None:
    """WireTrace, its loader of records, reads trees and thoughts; the branches are the paths."""
    from verifiers.v1 import WireTrace

    lines = [(folder / f"{name}.jsonl").read_text("utf-8").splitlines() for name in ("trees", "thoughts")]
    tree, thought = (WireTrace.model_validate_json(rows[0]) for rows in lines)
    assert [len(branch.messages) for branch in tree.branches] == [3, 3] and tree.reward == 0.5
    assert thought.last_reply == RIGHT and thought.num_branches == 1
    written = [json.dumps(trace.to_record()) for trace in (tree, thought)]
    (folder / "written_by_verifiers.jsonl").write_text("\n".join(written) + "\n", "utf-8")


if __name__ == "__main__":
    checks = {"make": make, "trl": trl, "verl": verl, "openrlhf": openrlhf, "verifiers": verifiers}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        raise SystemExit(__doc__)
    checks[sys.argv[1]](Path(sys.argv[2]))
    name = "journey-learning" if sys.argv[1] == "make" else sys.argv[1]
    print(f"{name} {version(name) if name != 'journey-learning' else ''}: fine")
