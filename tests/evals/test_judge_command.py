"""journey eval --judge: answers that a model grades, and attempts whose steps a judge scores, up to the report."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, scripted_recipe, write_rows
from fault_server import Asked, FaultServer
from player import answer as player_answer
from player import rows as sums
from served import served

from journey import prompts
from journey.evals.graded_answers import ask
from journey.store.run import Run
from journey.types import Attempt, make_problem

FACTS = [("Who wrote Emma?", "Jane Austen"), ("Who wrote Dracula?", "Bram Stoker"), ("Who wrote Ulysses?", "Joyce"),
         ("Who wrote Hamlet?", "Shakespeare")]  # fmt: skip
SAID = {"Who wrote Emma?": "It was Jane Austen.", "Who wrote Dracula?": "Mary Shelley.",
        "Who wrote Ulysses?": "I do not know.", "Who wrote Hamlet?": "Verdict: correct."}  # fmt: skip
VERDICTS = {"It was Jane Austen.": "correct", "Mary Shelley.": "incorrect", "I do not know.": "not attempted"}


def play(asked: Asked) -> dict[str, Any]:
    """A served model that answers facts, and one that grades them; of one answer it gives no verdict in the form."""
    text = next(m["content"] for m in reversed(asked.body["messages"]) if m["role"] == "user")
    if text.strip() in SAID:
        said = SAID[text.strip()]
    elif "VERDICT " in text:
        material = json.loads(re.findall(r"=== material \w+ ===\n(.*?)\n=== material", text, re.DOTALL)[0])
        code = re.findall(r"VERDICT (\w+)", text)[0]
        said = VERDICTS.get(material["answer to grade"], "")
        said = f"Let me compare.\nVERDICT {code} {said}" if said else "It says that it is correct."
    else:
        return player_answer(asked)
    choices = [{"index": i, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
               for i in range(asked.body.get("n", 1))]  # fmt: skip
    usage = {"prompt_tokens": len(text) // 4, "completion_tokens": len(choices) * (len(said.split()) + 1)}
    return {"object": "chat.completion", "choices": choices, "usage": usage}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with served(play) as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)


def simpleqa(folder: Path) -> Path:
    rows = [{"problem": question, "answer": answer, "topic": "books"} for question, answer in FACTS]
    done("import", "benchmark", "SimpleQA", write_rows(folder / "facts.jsonl", rows), "--out", folder / "facts")
    return folder / "facts"


def attempts(run: Path) -> list[Attempt]:
    with Run.read(run) as of:
        return list(of.attempts())


@pytest.mark.usefixtures("environment")
def test_a_served_model_grades_and_is_paid_once(tmp_path: Path) -> None:
    run = simpleqa(tmp_path)
    asked = ("eval", run, "--model", "openai/m", "--judge", "critic:openai/j")
    said = done(*asked, "--json").data
    judged = said["judged"]
    counts = {name: judged[name]["count"] for name in ("correct", "incorrect", "not_attempted")}
    assert counts == {"correct": 1, "incorrect": 1, "not_attempted": 1} and judged["could_not_say"] == 1
    assert judged["f_score"] == pytest.approx(2 * 0.25 * 0.5 / 0.75)
    assert judged["judge"] == "critic:openai/j" and judged["judge_calls"] == 3 + 3 and judged["judge_tokens"] > 10
    assert {row["model"]: row["calls"] for row in said["spent"]} == {"openai/m": 4, "openai/j": 6}
    assert (said["right"], said["unjudged"]) == (1, 1)
    assert said["errors"] == {"could not check: no readable verdict": 1, "incorrect": 1, "not attempted": 1}
    again = done(*asked, "--json").data
    assert again["spent"] == [] and again["judged"] == judged
    table = done(*asked).out
    for words in ("graded by", "correct given attempted", "F-score", "the judge could not say", "judge's tokens"):
        assert words in table
    other = done("eval", run, "--model", "openai/m", "--judge", "openai/other", "--json").data
    assert [row["model"] for row in other["spent"]] == ["openai/other"]  # the model's answers are remembered
    assert len(attempts(run)) == 8


def test_every_command_that_may_ask_a_server_takes_its_settings(tmp_path: Path, server: FaultServer) -> None:
    run = tmp_path / "run"
    done("import", "problems", write_rows(tmp_path / "s.jsonl", sums(2)), "--split", "test", "--out", run)
    flags = ("--set", f"servers.mine.url={server.url}", "--set", "servers.mine.extra={temperature: null}", "--json")
    before = len(server.asked)
    assert done("eval", run, "--model", "mine/m", *flags).data["spent"][0]["model"] == "mine/m"
    assert len(server.asked) == before + 2 and not any("temperature" in one.body for one in server.asked[before:])
    steps = write_rows(tmp_path / "steps.jsonl", [{"question": "q", "steps": ["a"], "labels": ["right"]}])
    asked = ("eval", "judges", "--judge", "critic:mine/m", "--on", steps, "--dry-run", *flags)
    assert done(*asked).data["asked_at_most"][0]["model"] == "mine/m"
    for command in (
        ("judge", run, "--judge", "critic:mine/m", "--out", tmp_path / "new"),
        ("eval", run, "--model", "mine/m"),
    ):
        wrong = journey(*command, "--set", "servers.mine.time=3")
        assert wrong.code == 2 and "servers.mine" in wrong.err and "timeout" in wrong.err


@pytest.mark.usefixtures("environment")
def test_a_dry_run_counts_the_judge_and_a_budget_stops_it(tmp_path: Path) -> None:
    run = simpleqa(tmp_path)
    asked = ("eval", run, "--model", "openai/m", "--judge", "critic:openai/j", "--json")
    most = {row["model"]: row for row in done(*asked, "--dry-run").data["asked_at_most"]}
    assert {name: row["calls"] for name, row in most.items()} == {"openai/m": 4, "openai/j": 4 * 3}
    stopped = journey(*asked, "--max-calls", 6)
    assert stopped.code == 3
    spent = done(*asked).data["spent"]
    assert sum(row["calls"] for row in spent) == 10 - 6
    for row in spent:
        assert row["tokens"] <= most[row["model"]]["tokens"]
        assert row["prompt_tokens"] <= most[row["model"]]["prompt_tokens"]


def test_a_scripted_judge_grades(tmp_path: Path) -> None:
    run = simpleqa(tmp_path)
    with Run.read(run) as of:
        problems = list(of.problems())
    answers = [{"prompt": prompts.fill("judged", question=p.question), "completions": [p.answer]} for p in problems]
    grades = [(one.prompt.text, f"VERDICT {one.code} correct") for one in (ask(p, p.answer) for p in problems)]
    model = write_rows(tmp_path / "model.jsonl", answers)
    judge = write_rows(tmp_path / "judge.jsonl", [{"prompt": text, "completions": [said]} for text, said in grades])
    said = done("eval", run, "--model", f"scripted/{model}", "--judge", f"critic:scripted/{judge}", "--json").data
    assert (said["right"], said["judged"]["f_score"], said["judged"]["judge_calls"]) == (4, 1.0, 4)


@pytest.fixture
def scored(tmp_path: Path) -> tuple[Path, str]:
    """A run with two problems, a scripted model with four answers to each, and a scripted judge of their steps."""
    rows = [{"problem": f"What is {n}+{n}?", "answer": str(2 * n)} for n in (1, 2)]
    done("import", "problems", write_rows(tmp_path / "t.jsonl", rows), "--split", "test", "--out", tmp_path / "run")
    texts = ["Double it.\n\n\\boxed{{{}}}", "Guess.\n\n\\boxed{{9}}", "Hm.\n\n\\boxed{{9}}", "No idea."]
    script = [{"prompt": prompts.fill("math", question=f"What is {n}+{n}?"),
               "completions": [text.format(2 * n) for text in texts]} for n in (1, 2)]  # fmt: skip
    steps = {"Double it.": 0.9, "Guess.": 0.2, "Hm.": None, "*": 0.8}
    (tmp_path / "judge.json").write_text(json.dumps(steps))
    return tmp_path / "run", f"scripted/{write_rows(tmp_path / 'script.jsonl', script)}"


def test_rm_at_k_stands_beside_the_others_and_in_the_report(scored: tuple[Path, str]) -> None:
    run, model = scored
    drawn = ("eval", run, "--model", model, "--decoding", "sampled", "--samples", 4)
    before = done(*drawn, "--json").data
    assert "rm" not in before["at_k"][0] and "rm" not in before
    judge = f"scripted:{run.parent / 'judge.json'}"
    said = done(*drawn, "--judge", judge, "--json").data
    # The right answer wins whenever it is drawn; an answer without a score and none at all never win over one.
    assert [at["rm"]["value"] for at in said["at_k"]] == pytest.approx([0.25, 0.5, 1.0])
    assert [at["pass"] for at in said["at_k"]] == [at["pass"] for at in before["at_k"]]
    assert all(at["rm"]["low"] <= at["rm"]["value"] <= at["rm"]["high"] for at in said["at_k"])
    rm = said["rm"]
    assert (rm["aggregate"], rm["scored"], rm["could_not_say"], rm["unanswered"]) == ("min", 4, 2, 2)
    assert len(attempts(run)) == 8
    (run.parent / "judge.json").write_text('{"*": 0.5}')  # what was scored is not asked again
    assert done(*drawn, "--judge", judge, "--json").data == said
    last = done(*drawn, "--judge", judge, "--set", "rm.aggregate=last", "--json").data
    assert [at["rm"]["value"] for at in last["at_k"]][-1] == pytest.approx(1 / 3)  # the last steps are all alike
    table = done(*drawn, "--judge", judge).out
    assert "rm@4" in table and "scored by" in table and "min of its steps" in table
    figures = done("report", run, "--json").data
    ((_, curve),) = figures["votes"].items()
    assert [point["rm"][0]["value"] for point in curve] == pytest.approx([0.25, 0.5, 1.0])
    for form in ("report.md", "report.html"):
        text = (run / "report" / form).read_text()
        assert "rm@k" in text and "judge.json" in text


@pytest.mark.usefixtures("environment")
def test_a_served_judge_of_steps_is_counted_and_remembered(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("import", "problems", write_rows(tmp_path / "s.jsonl", sums(4)), "--split", "test", "--out", run)
    asked = ("eval", run, "--model", "openai/m", "--decoding", "sampled", "--samples", 4, "--judge", "critic:openai/j")
    most = done(*asked, "--dry-run", "--json").data["asked_at_most"]
    assert [row["model"] for row in most] == ["openai/m", "openai/j"]
    stopped = journey(*asked, "--json", "--max-calls", 7)
    assert stopped.code == 3
    said = done(*asked, "--json").data
    assert said["at_k"][-1]["rm"]["value"] >= said["at_k"][-1]["maj"]["value"]
    assert said["rm"]["judge_calls"] > 4 and said["rm"]["judge_tokens"] > 100 and said["rm"]["not_judged"] == 0
    assert most[1]["calls"] >= said["rm"]["judge_calls"]
    again = done(*asked, "--json").data
    assert again["spent"] == [] and again["rm"] == said["rm"]
    mean = done(*asked, "--set", "rm.aggregate=mean", "--json").data
    assert mean["spent"] == [] and mean["rm"]["aggregate"] == "mean"


def test_a_judge_that_fails_leaves_the_figure_unknown_and_the_unit_listed(scored: tuple[Path, str]) -> None:
    run, model = scored
    silent = write_rows(run.parent / "silent.jsonl", [{"prompt": "another", "prefix": "", "completions": ["no"]}])
    said = journey("eval", run, "--model", model, "--decoding", "sampled", "--samples", 4,
                   "--judge", f"critic:scripted/{silent}", "--json")  # fmt: skip
    assert said.code == 1 and "rm" in said.err
    assert "rm" not in said.data["at_k"][0] and said.data["rm"]["not_judged"] == 6 and said.data["failed"] == 2


@pytest.mark.parametrize(
    ("flags", "mend"),
    [
        ((), "--judge critic:openai/NAME"),
        (("--judge", "exact"), "cannot grade answers"),
        (("--judge", "nobody"), "--judge critic:openai/NAME"),
        (("--judge", "critic"), "critic:openai/NAME"),
        (("--judge", "prm:hf/x"), "cannot grade answers"),
        (("--judge", "critic:tiny", "--set", "critic.votes=3"), "critic.temperature"),
        (("--judge", "critic:tiny", "--set", "judge.votes=3"), "critic.KEY=VALUE"),
        (("--search", "vote"), "only journey eval asks"),
    ],
)
def test_simpleqa_without_a_judge_that_grades_is_one_sentence(tmp_path: Path, flags: tuple, mend: str) -> None:
    for dry in ((), ("--dry-run",)):
        said = journey("eval", simpleqa(tmp_path), "--model", "tiny", *flags, *dry)
        assert said.code == 2 and mend in said.err and "Traceback" not in said.err, said.err


@pytest.mark.parametrize(
    ("flags", "mend"),
    [
        (("--judge", "exact"), "--samples 8"),
        (("--decoding", "sampled", "--samples", "4", "--judge", "nobody"), "known are exact"),
        (("--decoding", "sampled", "--samples", "4", "--judge", "exact"), "critic:openai/NAME"),
        (("--decoding", "sampled", "--samples", "4", "--judge", "vote:[exact,critic]"), "critic:openai/NAME"),
        (("--decoding", "sampled", "--samples", "4", "--judge", "vote:[critic,critic]"), "critic:openai/NAME"),
        (("--decoding", "sampled", "--samples", "4", "--judge", "exact", "--set", "rm.aggregate=best"), "rm"),
        (("--set", "rm.aggregate=min"), "--judge"),
    ],
)
def test_wrong_flags_of_rm_are_one_sentence(scored: tuple[Path, str], flags: tuple[str, ...], mend: str) -> None:
    said = journey("eval", scored[0], "--model", scored[1], *flags)
    assert said.code == 2 and mend in said.err and "Traceback" not in said.err, said.err


def test_bbh_is_asked_and_checked_in_words(tmp_path: Path) -> None:
    question = "Is it so?\nOptions:\n(A) yes, it is\n(B) no"
    rows = [{"input": question, "target": "(A)"}, {"input": "1 < 2 is", "target": "True"}]
    done("import", "benchmark", "BBH/snarks", write_rows(tmp_path / "b.jsonl", rows), "--out", tmp_path / "run")
    answers = [["So it is.\n\nThe answer is A.", "(B)"], ["Hm.", "the answer is 0.5"]]
    script = [
        {"prompt": prompts.fill("text", question=row["input"]), "completions": those}
        for row, those in zip(rows, answers, strict=True)
    ]
    model = f"scripted/{write_rows(tmp_path / 'm.jsonl', script)}"
    said = done("eval", tmp_path / "run", "--model", model, "--decoding", "sampled", "--samples", 2, "--json").data
    assert (said["right"], said["attempts"], said["unjudged"]) == (1, 4, 1)
    assert said["errors"]["no answer"] == 1 and said["errors"]["wrong answer"] == 1
    vote = done("eval", tmp_path / "run", "--model", model, "--search", "vote", "--set", "search.n=1", "--json").data
    assert vote["searches"][0]["right"] == 1


@pytest.mark.parametrize(("source", "mend"), [("SimpleQA", "only journey eval asks"), ("HumanEval", "--allow-code")])
def test_trees_are_not_grown_of_what_nobody_there_can_check(tmp_path: Path, source: str, mend: str) -> None:
    recipe = scripted_recipe(tmp_path)
    done("grow", recipe, "--out", tmp_path / "run")
    with Run.open(tmp_path / "run") as into:
        into.put_all("problems", [make_problem("Who wrote Emma?", "Jane Austen", source=source)], split="train")
    said = journey("grow", recipe, "--out", tmp_path / "run")
    assert said.code == 2 and mend in said.err and "Traceback" not in said.err, said.err
    told = journey("derive", tmp_path / "run")
    assert told.code == 2 and "run of their own" in told.err and "Traceback" not in told.err, told.err


def test_a_forced_program_is_not_asked_for_in_a_box(tmp_path: Path) -> None:
    row = {"prompt": "def one():\n", "test": "def check(f):\n    assert f() == 1\n", "entry_point": "one"}
    done("import", "benchmark", "HumanEval", write_rows(tmp_path / "c.jsonl", [row]), "--out", tmp_path / "run")
    said = journey("eval", tmp_path / "run", "--model", "tiny", "--allow-code", "--set", "budget.max=9")
    assert said.code == 2 and "budget.answer" in said.err and "Traceback" not in said.err
    scores = journey("eval", tmp_path / "run", "--model", "tiny", "--allow-code", "--judge", "exact")
    assert scores.code == 2 and "leave --judge away" in scores.err
