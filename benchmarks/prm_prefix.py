"""What a process reward model reads of real sibling groups, with their common beginnings computed once and without.

The steps are PRM800K's in the groups that people rated (the first ones of each tree), judged as a tree grows (group
after group) and all groups of a tree at once. The model is a random one of 0.4 million parameters with a byte-level
vocabulary, so tokens are more and shorter than a real model's; the ratios are what counts. Both ways take turns; times
are medians of the rounds' ratios.
"""

import asyncio
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from bench import DATA, Result, flag, run, table
from tiny_models import chat_tokenizer
from transformers import LlamaConfig, LlamaForTokenClassification
from transformers.utils import logging

from journey.answers.check import MathGrader
from journey.data import prm800k
from journey.judges.classifier import Classifier
from journey.judges.classifier_settings import ClassifierSettings
from journey.trees.mark import children, is_unusable, path_texts, verdict
from journey.types import Problem

FILE = DATA / "prm800k/phase1_test_trees.jsonl"
FIRST = 6  # groups of a tree
Group = tuple[Problem, list[str], list[str]]


def save_model(folder: Path) -> Path:
    """A random token classifier of two layers of width 128, which reads 8,192 tokens."""
    tokenizer = chat_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=384, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=8192, num_labels=2, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    logging.disable_progress_bar()
    LlamaForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def trees(limit: int, least: int) -> list[list[Group]]:
    """The rated groups of at least `least` different siblings, tree by tree."""
    with MathGrader() as grader:
        read = await prm800k.read([FILE], grader, limit)
    asked = {problem.id: problem for problem in read.problems}
    found: list[list[Group]] = []
    for tree in read.trees:
        groups: list[Group] = []
        for below in children(tree):
            rated = [i for i in below if verdict(tree.nodes[i]) is not None and not is_unusable(tree.nodes[i])]
            texts = list(dict.fromkeys(tree.nodes[i].text for i in rated))
            if len(texts) >= least:
                groups.append((asked[tree.problem], path_texts(tree, tree.nodes[rated[0]].parent), texts))
        if groups:
            found.append(groups[:FIRST])
    return found


async def judged(classifier: Classifier, found: Sequence[Sequence[Group]], *, gather_or_cancel: bool) -> dict[str, Any]:
    """The scores, what was read for them, and the processor's seconds."""
    before, began = (classifier.counts.forwards, classifier.counts.tokens), time.process_time()
    scores: list[float] = []
    for groups in found:
        if gather_or_cancel:
            said = await asyncio.gather(*(classifier.judge(*group) for group in groups))
        else:
            said = [await classifier.judge(*group) for group in groups]
        scores += [one.score or 0.0 for several in said for one in several]
    seconds = time.process_time() - began
    return {
        "forwards": classifier.counts.forwards - before[0], "tokens": classifier.counts.tokens - before[1],
        "seconds": seconds, "scores": scores,
    }  # fmt: skip


async def compare(
    found: Sequence[Sequence[Group]], folder: Path, rounds: int, *, gather_or_cancel: bool
) -> dict[str, Any]:
    shared, plain = (Classifier(folder, "prm", ClassifierSettings(share=share), "cpu") for share in (True, False))
    await judged(shared, found[:1], gather_or_cancel=gather_or_cancel)
    await judged(plain, found[:1], gather_or_cancel=gather_or_cancel)
    pairs = [
        (
            await judged(shared, found, gather_or_cancel=gather_or_cancel),
            await judged(plain, found, gather_or_cancel=gather_or_cancel),
        )
        for _ in range(rounds)
    ]
    one, other = pairs[0]
    difference = max(abs(a - b) for a, b in zip(one["scores"], other["scores"], strict=True))
    return {
        "at_once": gather_or_cancel, "groups": sum(map(len, found)), "steps": len(one["scores"]),
        "forwards": [one["forwards"], other["forwards"]], "tokens": [one["tokens"], other["tokens"]],
        "fewer_tokens": other["tokens"] / one["tokens"],
        "faster": statistics.median(b["seconds"] / a["seconds"] for a, b in pairs), "largest_difference": difference,
    }  # fmt: skip


async def measure(options: Namespace, folder: Path) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    rows = []
    for least in (1, 2):
        found = await trees(options.trees, least)
        for gather_or_cancel in (False, True):
            row = await compare(found, folder, options.rounds, gather_or_cancel=gather_or_cancel)
            rows.append({"of": "all" if least == 1 else "with siblings"} | row)
    return rows


def prefix(options: Namespace) -> Result:
    """Both ways of asking, on all groups and on those with siblings."""
    if not FILE.is_file():
        return Result({}, None, f"needs the rated trees of {FILE}")
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(options, save_model(Path(folder))))
    shown = table(
        "Common beginnings computed once (left) and in every solution (right)",
        ("groups", "steps", "asked", "forward passes", "tokens read", "fewer", "faster", "differ by"),
        [(f"{row['groups']}, {row['of']}", row["steps"], "tree at once" if row["at_once"] else "group by group",
          "{}, {}".format(*row["forwards"]), "{:,}, {:,}".format(*row["tokens"]), f"{row['fewer_tokens']:.2f} x",
          f"{row['faster']:.2f} x", f"{row['largest_difference']:.0e}") for row in rows],
    )  # fmt: skip
    reached = all(row["largest_difference"] < 1e-5 and row["fewer_tokens"] > 1 for row in rows)
    return Result({"ways": rows}, reached, "", [shown])


if __name__ == "__main__":
    run(
        "prm prefix", __doc__, prefix,
        flag("--trees", type=int, default=4), flag("--rounds", type=int, default=2),
    )  # fmt: skip
