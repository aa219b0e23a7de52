"""HumanEval from its file to pass@k: a served model writes programs, which run locked down."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import done
from fault_server import Asked, FaultServer, completion
from real_data import sample
from served import served

from journey.data.benchmarks import load
from journey.errors import UsageError
from journey.store.run import Run
from journey.tasks.code.grader import CodeGrader
from journey.types import Problem

FILE = sample("code/humaneval.jsonl")
NUMBER = 20


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    found = load("HumanEval", str(FILE), limit=NUMBER).problems
    try:
        grade = asyncio.run(CodeGrader().grade(found[0], found[0].solution or ""))
    except UsageError as error:
        pytest.skip(str(error))
    if grade.correct is None:
        pytest.skip(str(grade.error))
    return found


@pytest.fixture(scope="module")
def server(problems: list[Problem]) -> Iterator[FaultServer]:
    """Every second program that it writes is the canonical one, the first among them."""

    def text(prompt: str, seed: int, sample: int) -> str:
        problem = next(p for p in problems if p.question.strip() in prompt)
        told = problem.solution if sample % 2 == 0 else "    return None\n"
        return f"Here it is:\n\n```python\n{problem.question}{told}```\n"

    def answer(asked: Asked) -> dict[str, Any]:
        return completion(asked, text)

    with served(answer) as running:
        yield running


@pytest.mark.parametrize(("samples", "at"), [(1, {}), (2, {1: 0.5, 2: 1.0})])
def test_a_model_that_writes_the_canonical_programs_passes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FaultServer, samples: int, at: dict[int, float]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    run = tmp_path / "run"
    read = done("import", "benchmark", "HumanEval", FILE, "--limit", NUMBER, "--out", run, "--json").data
    assert (read["benchmark"], read["part"], read["read"]) == ("HumanEval", "test", NUMBER)
    asked = ("eval", run, "--model", "openai/m", "--decoding", "sampled", "--samples", samples, "--json")
    said = done(*asked, "--allow-code").data
    assert {row["k"]: row["pass"]["value"] for row in said["at_k"]} == at
    assert said["accuracy"] == 1 / samples  # pass@1, which alone is not said again
    assert (said["attempts"], said["right"], said["unjudged"]) == (samples * NUMBER, NUMBER, 0)
    with Run.read(run) as of:
        tries = list(of.attempts())
    assert all(a.correct is (a.sample % 2 == 0) for a in tries)
    assert all(a.answer and a.answer.startswith(("from", "def", "import", "\n")) for a in tries)
    before = len(server.asked)
    assert done(*asked, "--allow-code").data["right"] == NUMBER and len(server.asked) == before
