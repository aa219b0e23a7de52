"""A served model that can do simple sums and plays every role: policy (erring on purpose), critic, helper, teacher.

Its problems are "What is A * B + C?". A step says "A * B = X" or "X + C = Y"; a wrong one is off by one, and the critic
knows. Roles are told apart by what their prompts say.
"""

import json
import random
import re
from typing import Any

from fault_server import Asked

QUESTION = re.compile(r"What is (\d+) \* (\d+) \+ (\d+)\?")
TAG = re.compile(r"\[\[\w+\]\]")
SUM = re.compile(r"(\d+) ([*+]) (\d+) = (\d+)")


def rows(count: int) -> list[dict[str, str]]:
    """Problems with their worked solutions."""
    found = []
    for i in range(count):
        a, b, c = 3 + i, 4 + i % 5, 7 + 2 * i
        solution = f"We begin: {a} * {b} = {a * b}.\n\nThen {a * b} + {c} = {a * b + c}.\n\n\\boxed{{{a * b + c}}}"
        row = {"problem": f"What is {a} * {b} + {c}?", "solution": solution, "answer": str(a * b + c)}
        found.append(row)
    return found


def answer(asked: Asked) -> dict[str, Any]:
    """The server's answer to a request."""
    body = asked.body
    if "messages" in body:
        chat = body["messages"]
        text = next(m["content"] for m in reversed(chat) if m["role"] == "user")
        prefix = chat[-1]["content"] if chat[-1]["role"] == "assistant" else ""
    else:
        text, prefix = body["prompt"], ""
    choices = []
    for index in range(body.get("n", 1)):
        said = say(text, prefix, random.Random(f"{body.get('seed')} {index} {prefix}"))
        stops = [s for s in body.get("stop", []) if s in said]
        cut = min((said.index(s) for s in stops), default=None)
        reason = {"finish_reason": "stop", "stop_reason": stops[0] if stops else None}
        spoken = {"role": "assistant", "content": said if cut is None else said[:cut]}
        choices.append({"index": index, "message": spoken, **reason})
    tokens = sum(len(c["message"]["content"].split()) + 1 for c in choices)
    usage = {"prompt_tokens": len(text + prefix) // 4 + 1, "completion_tokens": tokens}
    return {"object": "chat.completion", "choices": choices, "usage": usage}


def say(text: str, prefix: str, rng: random.Random) -> str:
    """What the model says to a prompt and the beginning of its own answer."""
    if "VERDICTS" in text:
        return judge(text)
    if "sure, likely or impossible" in text:
        return f"I look at it.\n{'impossible' if wrong(text.rpartition('so far:')[2]) else 'sure'}"
    if "different next steps" in text:
        done = text.rpartition("so far:")[2].partition("List up to")[0]
        first = [solve(text, done, rng).partition("\n\n")[0] for _ in range(4)]
        return "\n".join(f"{number}. {step}" for number, step in enumerate(first, 1))
    if "The wrong step:" in text:
        return explain(text)
    if "The draft:" in text:
        return smooth(text)
    return solve(text, prefix, rng)


def solve(text: str, prefix: str, rng: random.Random) -> str:
    """The rest of a solution, each step wrong one time in three."""
    a, b, c = map(int, QUESTION.findall(text)[-1])
    done = [int(m[4]) for m in SUM.finditer(prefix)]
    steps = []
    if not done:
        done.append(a * b + (rng.random() < 0.35))
        steps.append(f"We begin: {a} * {b} = {done[0]}.")
    if len(done) == 1:
        done.append(done[0] + c + (rng.random() < 0.35))
        steps.append(f"Then {done[0]} + {c} = {done[1]}.")
    steps.append(f"So the answer is $\\boxed{{{done[1]}}}$.")
    return "\n\n".join(steps)


def judge(text: str) -> str:
    """The critic's verdicts, in the form that was asked for."""
    code = re.findall(r"VERDICTS (\w+)", text)[0]
    material = json.loads(re.findall(r"=== material \w+ ===\n(.*?)\n=== material", text, re.DOTALL)[0])
    lines = []
    for number, step in material["candidates"].items():
        flaw = wrong(step)
        line = {"candidate": int(number), "verdict": "wrong" if flaw else "right", "score": 0.0 if flaw else 0.9}
        lines.append(json.dumps(line | {"reason": flaw or "It follows."}))
    return "\n".join(["Let me look.", f"VERDICTS {code}", *lines, f"END {code}"])


def explain(text: str) -> str:
    """Why the step that was asked about is wrong."""
    step = text.rpartition("The wrong step:")[2]
    return f"That cannot be right: {wrong(step) or 'it does not follow from the step before it.'}"


def smooth(text: str) -> str:
    """The draft's parts below their tags, with words between that only smooth."""
    draft = text.rpartition("The draft:")[2].rpartition("Begin now.")[0]
    lines = [line.removeprefix("| ").removeprefix("|") for line in draft.strip().splitlines()]
    return "\n".join(line if TAG.fullmatch(line) else line.replace("Then ", "Now, going on: then ") for line in lines)


def wrong(step: str) -> str | None:
    """Why a step is wrong; null where its sums hold."""
    for a, sign, b, said in SUM.findall(step):
        true = int(a) * int(b) if sign == "*" else int(a) + int(b)
        if true != int(said):
            return f"{a} {sign} {b} is not {said}."
    return None
