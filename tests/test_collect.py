"""Recipes that make thoughts, run as commands against a served model that plays every role."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import Said, done, journey, sum_row, write_rows
from fault_server import Asked, FaultServer, Reply
from player import answer, rows
from real_data import sample
from served import served
from tiny_models import save_chat_model, save_word_model

from journey.store.entries import Refusals
from journey.store.run import Run
from journey.thoughts.draft import chosen

RECIPES = Path(__file__).parents[1] / "recipes"
RATED = sample("prm800k/phase1_test_trees.jsonl")
CANARY = "sk-canary-0123456789"


@pytest.fixture(autouse=True, scope="module")
def key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", CANARY)
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with served(answer) as running:
        yield running


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("sums") / "sums.jsonl", rows(12))


def collect(server: FaultServer, sums: Path, out: Path, *more: object, limit: int = 5) -> Said:
    """`journey run recipes/math_server.yaml` with its two lines edited, and the problems of this test."""
    return journey(
        "run", RECIPES / "math_server.yaml", "--out", out, "--limit", limit, "--set", "model=openai/m",
        "--set", f"servers.openai.url={server.url}", "--set", f"problems.file={sums}", "--set", "problems.split=null",
        *more,
    )  # fmt: skip


def test_a_run_with_many_servers_is_the_run_with_one_and_tells_how_each_fared(whole, server, sums, tmp_path):
    def fails(asked: Asked):
        return Reply(500) if asked.number % 3 == 0 else None

    with served(answer, fails) as second, served(answer) as dead:
        pass
    with served(answer, fails) as second:
        urls = f"servers.openai.url=[{server.url}, {second.url}, {dead.url}]"
        said = collect(server, sums, tmp_path / "run", "--set", urls, "--json")
    assert said.code == 0, said.err
    assert contents(tmp_path / "run") == contents(whole[0])
    status = journey("status", tmp_path / "run", "--json").data["servers"]
    by_url = {row["url"]: row for row in status}
    assert by_url.keys() == {server.url, second.url} and by_url[second.url]["failures"] > 0
    assert f"server {second.url}" in journey("status", tmp_path / "run").out
    assert json.loads((tmp_path / "run/report/report.json").read_text())["servers"] == status
    assert "Servers" in (tmp_path / "run/report/report.md").read_text()


def contents(out: Path) -> dict[str, list[str]]:
    with Run.read(out) as run:
        return {table: [repr(r) for r in run.all(table)] for table in ("problems", "trees", "thoughts")}


@pytest.fixture(scope="module")
def whole(server: FaultServer, sums: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The recipe run to its end, and what the command said."""
    out = tmp_path_factory.mktemp("collect") / "run"
    said = collect(server, sums, out, "--json")
    assert said.code == 0, said.err
    return out, said.data


def test_trees_thoughts_and_rows_come_out(whole: tuple[Path, dict[str, Any]]) -> None:
    out, data = whole
    assert data["trees"] == data["with_right_leaf"] == 5
    assert data["rows"] == {"shortcut": 5, "traverse": 5}
    assert data["thoughts"]["traverse"]["refined"] == 5
    told = [json.loads(line) for line in (out / "rows" / "traverse.jsonl").read_text().splitlines()]
    assert all(row["prompt"].startswith("Solve") and "boxed" in row["completion"] for row in told)
    assert any("is not" in row["completion"] for row in told)  # the critic's reasons are told
    assert (out / "report" / "report.html").is_file()


def test_what_was_spent_is_said_and_kept(whole: tuple[Path, dict[str, Any]]) -> None:
    out, data = whole
    (spent,) = data["spent"]
    assert spent["model"] == "openai/m"
    assert spent["calls"] > 20 and spent["prompt_tokens"] > spent["tokens"] > 0
    assert spent["cost"] is None  # nobody gave a price
    assert json.loads((out / "report" / "report.json").read_text())["spent"] == [spent]


def test_the_same_command_again_asks_nothing(server: FaultServer, sums: Path, whole: tuple[Path, Any]) -> None:
    before, asked = contents(whole[0]), len(server.asked)
    assert collect(server, sums, whole[0]).code == 0
    assert len(server.asked) == asked
    assert contents(whole[0]) == before


def test_a_reached_budget_ends_with_3_and_the_command_goes_on_without_asking_twice(
    server: FaultServer, sums: Path, whole: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    begun = len(server.asked)
    codes = [collect(server, sums, tmp_path / "run", "--max-calls", "9").code for _ in range(12)]
    assert codes == sorted(codes, reverse=True) and set(codes) == {3, 0}
    assert len(server.asked) - begun == whole[1]["spent"][0]["calls"]
    assert contents(tmp_path / "run") == contents(whole[0])


def test_a_reached_budget_says_what_was_spent_as_status_does(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    said = collect(server, sums, tmp_path / "run", "--max-calls", "9", "--json")
    assert said.code == 3
    assert said.data["budget_reached"] in said.err
    assert said.data["spent"] == journey("status", tmp_path / "run", "--json").data["spent"]
    assert said.data["spent"][0]["calls"] == 9
    said = collect(server, sums, tmp_path / "run", "--max-calls", "2")
    assert "spent on openai/m" in said.out and "2 calls" in said.out


@pytest.mark.parametrize("in_flight", [1, 8])
def test_how_many_are_in_flight_changes_nothing(
    server: FaultServer, sums: Path, whole: tuple[Path, Any], tmp_path: Path, in_flight: int
) -> None:
    assert collect(server, sums, tmp_path / "run", "--set", f"in_flight={in_flight}").code == 0
    assert contents(tmp_path / "run") == contents(whole[0])


def test_a_price_makes_a_cost_and_a_budget_of_money(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("openai/m: {prompt: 1.0, generated: 2.0}")
    said = collect(server, sums, tmp_path / "run", "--prices", prices, "--max-cost", "0.009", "--json")
    assert said.code == 3
    assert "$0.009" in said.err
    found = collect(server, sums, tmp_path / "run", "--prices", prices, "--json").data["spent"][0]
    assert found["cost"] == pytest.approx((found["prompt_tokens"] + 2 * found["tokens"]) / 1e6)


def test_a_limit_on_cost_refuses_a_model_without_a_price(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    said = collect(server, sums, tmp_path / "run", "--max-cost", "1")
    assert said.code == 3
    assert "price of openai/m is unknown" in said.err


def test_a_dry_run_says_what_would_be_asked_and_asks_nothing(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    asked = len(server.asked)
    data = collect(server, sums, tmp_path / "run", "--dry-run", "--json").data
    assert data["problems"] == 5
    assert {row["purpose"] for row in data["asked_at_most"]} == {"steps", "verdicts", "refinement"}
    assert all(row["calls"] and row["tokens"] and row["cost"] is None for row in data["asked_at_most"])
    assert len(server.asked) == asked
    assert not (tmp_path / "run").exists()


def test_less_is_asked_than_a_dry_run_said(
    server: FaultServer, sums: Path, whole: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    most = collect(server, sums, tmp_path / "run", "--dry-run", "--json").data["asked_at_most"]
    for what in ("calls", "prompt_tokens", "tokens"):
        assert whole[1]["spent"][0][what] <= sum(row[what] for row in most)


def test_the_key_is_nowhere(server: FaultServer, whole: tuple[Path, Any]) -> None:
    files = [file for file in whole[0].rglob("*") if file.is_file()]
    assert len(files) > 5
    assert not [file for file in files if CANARY.encode() in file.read_bytes()]
    assert all(asked.headers["authorization"] == f"Bearer {CANARY}" for asked in server.asked)


# The other recipes, in the same short form.


def test_a_dry_run_over_rated_files_reckons_with_their_problems(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.jsonl", [sum_row(n) for n in (3, 4, 5, 3)])
    flags = ("--set", f"trees.prm800k=[{file}]", "--out", tmp_path / "run", "--dry-run", "--json")
    for limit, problems in ((None, 3), (2, 2)):
        more = () if limit is None else ("--limit", limit)
        data = done("run", RECIPES / "prm800k.yaml", *flags, *more).data
        assert data["problems"] == problems
        assert {row["purpose"]: row["calls"] for row in data["asked_at_most"]} == {
            "reasons": 20 * problems, "refinement": 3 * problems,
        }  # fmt: skip
    assert not (tmp_path / "run").exists()
    missing = ("--set", f"trees.prm800k=[{tmp_path / 'none.jsonl'}]")
    assert "does not exist" in journey("run", RECIPES / "prm800k.yaml", *missing, "--dry-run").err


def test_models_of_this_machine_cost_nothing_and_need_no_price(sums: Path, tmp_path: Path) -> None:
    flags = (
        RECIPES / "math_server.yaml", "--out", tmp_path / "run", "--limit", 5, "--set", f"problems.file={sums}",
        "--set", "problems.split=null", "--set", "model=tiny", "--set", "strong=openai/m", "--dry-run",
    )  # fmt: skip
    costs = {row["model"]: row["cost"] for row in done("grow", *flags, "--json").data["asked_at_most"]}
    assert costs == {"tiny": 0.0, "openai/m": None}
    said = done("grow", *flags).out
    assert "no cost" in said and "tiny" not in next(line for line in said.splitlines() if "prices.yaml" in line)


def test_rated_trees_are_explained_drafted_and_refined(server: FaultServer, tmp_path: Path) -> None:
    said = journey(
        "run", RECIPES / "prm800k.yaml", "--out", tmp_path / "run", "--limit", 5, "--json", "--set", "model=openai/m",
        "--set", f"servers.openai.url={server.url}", "--set", f"trees.prm800k=[{RATED}]",
    )  # fmt: skip
    assert said.code == 0, said.err
    with Run.read(tmp_path / "run") as run:
        trees = {tree.id: tree for tree in run.all("trees")}
        told = chosen(run.all("thoughts", method="traverse"))
    assert len(trees) == 5 and told
    assert sum(thought.refined_by == "openai/m" for thought in told) == said.data["thoughts"]["traverse"]["refined"] > 0
    for thought in told:
        left = [s for s in thought.segments if s.kind == "mistake"]
        assert all(trees[thought.tree].nodes[s.node].text.strip()[:20] in thought.text for s in left)
        assert not left or "it does not follow from the step before it" in thought.text


def test_a_student_is_trained_on_solutions_and_then_on_a_teachers_thoughts(
    server: FaultServer, sums: Path, tmp_path: Path
) -> None:
    student = save_chat_model(tmp_path / "student", context=2048)
    arms = ", ".join(f"{arm}: {{max_steps: 2, batch: 2}}" for arm in ("rewrite", "distill"))
    said = journey(
        "run", RECIPES / "distill.yaml", "--out", tmp_path / "run", "--limit", 5, "--json", "--set", "model=openai/m",
        "--set", f"servers.openai.url={server.url}", "--set", f"problems.file={sums}", "--set", "problems.split=null",
        "--set", f"student=hf/{student}", "--set", f"arms={{{arms}}}",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.data["rows"]["rewrite"] > 0 and said.data["rows"]["distill"] > 0
    trained = sorted(file.parent.name for file in (tmp_path / "run" / "models").rglob("*.safetensors"))
    assert len(trained) == 2


def test_a_student_that_cannot_read_the_problems_is_refused_before_the_teacher_is_paid(
    server: FaultServer, sums: Path, tmp_path: Path
) -> None:
    student = save_word_model(tmp_path / "student", width=32)
    asked = len(server.asked)
    for dry in ((), ("--dry-run",)):
        said = journey(
            "run", RECIPES / "distill.yaml", "--out", tmp_path / "run", "--limit", 5, "--set", "model=openai/m",
            "--set", f"servers.openai.url={server.url}", "--set", f"problems.file={sums}", "--set",
            "problems.split=null", "--set", f"student=hf/{student}", *dry,
        )  # fmt: skip
        assert said.code == 2
        assert "cannot read 10 of 10 problems and solutions" in said.err and "nothing was asked" in said.err
    assert len(server.asked) == asked


# Deriving by other methods than the recipe's.


@pytest.fixture
def asked_run(server: FaultServer, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with five problems, and the server where the environment says."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    done("import", "problems", sums, "--out", tmp_path / "asked", "--limit", 5)
    return tmp_path / "asked"


def test_problems_without_a_thought_are_counted_with_their_reasons(asked_run: Path) -> None:
    command = ("derive", asked_run, "--method", "propose", "--model", "openai/m")
    said = done(*command, "--json").data
    assert said["thoughts"] == {"propose": 0} and said["failed"] == 0
    assert said["no_thought"] == {"more than 4 replies that cannot be used": 5}
    told = done(*command)
    assert (
        "problems with a thought" in told.out
        and "problems that gave no thought" in told.out
        and "trees" not in told.out
    )
    assert "asked derive propose" in told.err and "derive derive" not in told.err


def test_problems_whose_model_fails_are_failures_and_not_a_mistake_of_the_user(asked_run: Path, tmp_path: Path) -> None:
    rows = [{"problem": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(3)]
    done("import", "problems", write_rows(tmp_path / "bare.jsonl", rows), "--out", tmp_path / "bare")
    said = journey("derive", tmp_path / "bare", "--method", "rewrite", "--strong", "openai/m", "--json")
    assert said.code == 1
    assert said.data["failed"] == 3 and "no worked solution" in said.err


def test_a_run_without_problems_to_train_on_says_how_to_get_some(sums: Path, tmp_path: Path) -> None:
    done("import", "problems", sums, "--out", tmp_path / "tests", "--split", "test")
    said = journey("derive", tmp_path / "tests", "--method", "distill")
    assert said.code == 2 and "journey import problems FILE" in said.err


def test_a_collection_counts_problems_without_a_thought(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    flags = ("--set", "thoughts.methods=[propose]", "--set", "thoughts.refine=[]")
    said = collect(server, sums, tmp_path / "run", *flags, "--json")
    assert said.code == 0
    assert said.data["problems_without_thought"] == {"propose": {"more than 4 replies that cannot be used": 5}}
    with Run.read(tmp_path / "run") as run:
        before = run.entries(Refusals)
    assert "no thought: more than 4" in collect(server, sums, tmp_path / "run", *flags).out
    with Run.read(tmp_path / "run") as run:
        assert run.entries(Refusals) == before, "the same counts are not logged again"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--method", "propose", "--trials", "3"], "--trials is for traverse and hybrid, not for propose"),
        (["--method", "distill", "--per-tree", "2"], "--per-tree is for shortcut, traverse, star and hybrid"),
        (["--method", "traverse", "--model", "tiny"], "--model is for star, hybrid, propose and debate"),
        (["--method", "shortcut", "--refine"], "--refine is for traverse, propose, debate, distill and rewrite"),
        (["--method", "shortcut", "--seed", "3"], "--seed is for"),
        (["--notes", "x.jsonl"], "--notes is for annotate, not for shortcut and traverse"),
        (
            ["--method", "traverse", "--set", "thoughts.propose.depth=3"],
            "--set thoughts.propose.depth=3 is for propose",
        ),
        (["--strong", "tiny"], "annotate, or for --explain, --refine or --language"),
        (["--method", "annotate"], "--notes FILE"),
        (["--method", "distill", "--set", "thoughts.refine=[debate]"], "not among thoughts.methods"),
    ],
)
def test_a_flag_that_means_nothing_to_the_method_is_refused(asked_run: Path, flags: list[str], said: str) -> None:
    found = journey("derive", asked_run, *flags)
    assert found.code == 2 and said in found.err


def test_what_the_environment_gives_may_be_for_other_methods(asked_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_SEED", "3")
    monkeypatch.setenv("JOURNEY_MODEL", "tiny")
    assert "holds no trees" in journey("derive", asked_run, "--method", "shortcut").err


def test_notes_are_expanded_with_the_seed_that_is_given(
    server: FaultServer, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    note = {"kind": "trial", "text": "3 * 4 = 12, and 12 + 7 = 19."}
    notes = write_rows(tmp_path / "notes.jsonl", [{"question": "What is 3 * 4 + 7?", "answer": 19, "notes": [note]}])
    sent: list[list[int]] = []
    for out, *flags in (("a",), ("b", "--seed", 1), ("c", "--seed", 1)):
        done("import", "problems", sums, "--out", tmp_path / out, "--limit", 1)
        before = len(server.asked)
        done("derive", tmp_path / out, "--method", "annotate", "--notes", notes, "--strong", "openai/m", *flags)
        sent.append([asked.body["seed"] for asked in server.asked[before:]])
    assert sent[0] != sent[1] == sent[2] and len(sent[0]) > 0


def test_methods_to_refine_that_are_not_made_are_refused(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    said = collect(server, sums, tmp_path / "run", "--set", "thoughts.refine=[debate]")
    assert said.code == 2 and "thoughts.refine names debate, which is not among thoughts.methods" in said.err


# What goes wrong.


def refusing(status: int, message: str, code: str = "") -> Reply:
    return Reply(status, {"error": {"message": message, "code": code, "type": "invalid_request_error"}})


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (lambda _: refusing(401, "Incorrect API key provided: sk-can*****789"), "OPENAI_API_KEY"),
        (lambda _: refusing(404, "The model `m` does not exist", "model_not_found"), "it has 'm' in its list"),
        (lambda _: Reply(200, b"<!DOCTYPE html><html>Welcome</html>"), "like an OpenAI-compatible server"),
    ],
    ids=["wrong key", "unknown model", "no model server"],
)
def test_what_the_user_must_mend_is_said_at_once(plan: Any, said: str, sums: Path, tmp_path: Path) -> None:
    with served(answer, plan) as bad:
        found = collect(bad, sums, tmp_path / "run")
        assert len(bad.asked) < 40
    assert found.code == 2
    assert said in found.err
    assert CANARY[3:12] not in found.err + found.out
    assert len(found.err.strip().splitlines()[-1]) < 400


def test_a_prompt_that_is_too_long_fails_its_unit_and_is_listed(sums: Path, tmp_path: Path) -> None:
    def plan(asked: Asked) -> Reply | None:
        if "What is 3 *" not in json.dumps(asked.body):
            return None
        return refusing(400, "This model's maximum context length is 512 tokens", "context_length_exceeded")

    with served(answer, plan) as bad:
        found = collect(bad, sums, tmp_path / "run", "--json")
    assert found.code == 1
    assert found.data["failed"] == 1 and found.data["trees"] == 4
    assert "context" in found.err


def test_a_judge_that_never_parses_stops_the_work_with_a_sentence(sums: Path, tmp_path: Path) -> None:
    def deaf(asked: Asked) -> dict[str, Any]:
        made = answer(asked)
        if "VERDICTS" in json.dumps(asked.body):
            made["choices"][0]["message"]["content"] = "All of these steps look fine to me!"
        return made

    with served(deaf) as bad:
        found = collect(bad, sums, tmp_path / "run", limit=12)
    assert found.code == 2
    assert "no readable verdict" in found.err and "look fine to me" in found.err


@pytest.mark.parametrize("flag", ["--max-calls", "--max-tokens"])
def test_a_budget_of_zero_asks_nothing(flag: str, server: FaultServer, sums: Path, tmp_path: Path) -> None:
    asked = len(server.asked)
    assert collect(server, sums, tmp_path / "run", flag, "0").code == 3
    assert len(server.asked) == asked


def test_a_wrong_key_in_the_recipe_names_the_nearest(server: FaultServer, sums: Path, tmp_path: Path) -> None:
    found = collect(server, sums, tmp_path / "run", "--set", "servers.openai.urll=x")
    assert found.code == 2
    assert "did you mean servers.openai.url?" in found.err
    found = collect(server, sums, tmp_path / "run", "--set", "strong=nowhere/m")
    assert found.code == 2
    assert "no model 'nowhere/m'" in found.err
