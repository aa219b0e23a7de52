"""What a model as step judge costs a step: one call for all siblings against one each, with 1, 3 and 5 votes.

The steps are PRM800K's, in the groups of siblings that people rated. The critic is scripted: it answers in the asked
form and nothing else, with the people's verdict and a reason of 22 words wherever that is "wrong". So the generated
tokens are the least that any critic writes, and what a real one thinks before comes on top; the prompts are the real
ones. A token is reckoned as four bytes. A server reads a prompt once for all votes.

Which of the settings judges better needs a real model and is not measured here.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from journey.answers.check import MathGrader
from journey.data import prm800k
from journey.judges.critic import Critic, CriticSettings
from journey.models.base import Completion, Prompt, Sampling
from journey.models.server_answer import estimate_tokens
from journey.trees.mark import children, is_unusable, path_texts, verdict
from journey.types import Problem, Tree, Verdict

FILE = Path(__file__).parents[1] / "../shared/data/prm800k/phase1_test_trees.jsonl"
REASON = (
    "The step takes the wrong number, so that what it says does not follow from the problem and the steps before it."
)
MATERIAL = re.compile(r"^=== material \w{6} ===\n(.*?)\n=== ", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"^VERDICTS (\w{16})$", re.MULTILINE)


class Group(NamedTuple):
    """The rated alternatives for one step, without repetitions."""

    problem: Problem
    prefix: list[str]
    verdicts: dict[str, Verdict]


class Rater:
    """A model that says in the form what people said, and counts what it reads and writes."""

    name = "scripted"

    def __init__(self) -> None:
        self.calls = self.read = self.written = 0
        self.known: dict[str, Verdict] = {}

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        candidates = json.loads(MATERIAL.findall(prompt.text)[-1])["candidates"]
        code = CODE.findall(prompt.text)[-1]
        lines = [self._line(int(number), self.known[step]) for number, step in candidates.items()]
        text = "\n".join([f"VERDICTS {code}", *lines, f"END {code}"])
        tokens = estimate_tokens(text) + 1
        self.calls += 1
        self.read += estimate_tokens(prompt.text)
        self.written += sampling.n * tokens
        return [Completion(text, tokens, "end")] * sampling.n

    def _line(self, number: int, said: Verdict) -> str:
        row = {"candidate": number, "verdict": said, "score": 0.9 if said == "right" else 0.1}
        return json.dumps(row | {"reason": REASON if said == "wrong" else ""})


async def groups() -> list[Group]:
    """All groups of siblings with a rated step."""
    with MathGrader() as grader:
        read = await prm800k.read([FILE], grader)
    asked = {problem.id: problem for problem in read.problems}
    return [group for tree in read.trees for group in _of_tree(tree, asked[tree.problem])]


def _of_tree(tree: Tree, problem: Problem) -> Iterator[Group]:
    for below in children(tree):
        nodes = [tree.nodes[i] for i in below if not is_unusable(tree.nodes[i])]
        said: dict[str, Verdict] = {node.text: rated for node in nodes if (rated := verdict(node)) is not None}
        if said:
            yield Group(problem, path_texts(tree, nodes[0].parent), said)


async def measure(found: list[Group], together: bool, votes: int) -> dict:
    """One setting over all groups."""
    rater = Rater()
    settings = CriticSettings(together=together, votes=votes, temperature=0.7 if votes > 1 else 0.0)
    critic = Critic(rater, settings)
    wrong = 0
    for group in found:
        rater.known = group.verdicts
        said = await critic.judge(group.problem, group.prefix, list(group.verdicts))
        wrong += [j.verdict for j in said] != list(group.verdicts.values())
    nodes = sum(len(group.verdicts) for group in found)
    return {
        "together": together, "votes": votes, "groups": len(found), "nodes": nodes, "misread": wrong,
        "largest": max(len(group.verdicts) for group in found),
        "calls": rater.calls / nodes, "prompt_tokens": rater.read / nodes, "generated_tokens": rater.written / nodes,
    }  # fmt: skip


async def measure_all() -> list[dict]:
    found = await groups()
    # Two of three groups are one step alone, where the settings are the same; those with siblings show the difference.
    several = [group for group in found if len(group.verdicts) > 1]
    rows = []
    for name, chosen in (("all", found), ("with siblings", several)):
        for together in (True, False):
            rows += [{"of": name} | await measure(chosen, together, votes) for votes in (1, 3, 5)]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not FILE.is_file():
        raise SystemExit(f"needs the rated trees of {FILE}")
    rows = asyncio.run(measure_all())
    reached = not any(row["misread"] for row in rows)
    if asked.json:
        print(json.dumps({"row": "critic calls", "reached": reached, "figures": {"settings": rows}}))
        return
    table = Table(title="What a judged step costs: calls, prompt tokens, least generated tokens", title_justify="left")
    for column in ("groups", "steps", "a call for", "votes", "calls", "prompt", "generated"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row['groups']}, {row['of']}", str(row["nodes"]), "all siblings" if row["together"] else "each step",
            str(row["votes"]), f"{row['calls']:.2f}", f"{row['prompt_tokens']:.0f}", f"{row['generated_tokens']:.0f}",
        )  # fmt: skip
    Console().print(table, f"the largest group has {rows[0]['largest']} steps")


if __name__ == "__main__":
    main()
