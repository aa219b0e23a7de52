"""A key in the environment reaches no file and no output (benchmarks/f11_secrets.py looks at more servers)."""

from pathlib import Path

import pytest
from commanding import journey, write_rows
from leaks import CANARY, PLANS, forms, leaks_in, leaks_under, now_and_then, settings
from player import answer, rows
from served import served

RECIPE = Path(__file__).parents[1] / "recipes" / "math_server.yaml"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)


def asked(folder: Path, url: str, *commands: str) -> str:
    """All that journey says when it runs the recipe in a folder and is then given the commands."""
    problems = write_rows(folder / "sums.jsonl", rows(2))
    run = ["run", RECIPE, "--out", folder / "run", "--limit", "2", *settings(url, problems)]
    given = [[*run, "--dry-run"], run, *([*command.format(folder).split()] for command in commands)]
    return "".join(said.out + said.err for said in (journey(*command) for command in given))


def test_every_form_that_is_looked_for_is_found(tmp_path: Path) -> None:
    for name, form in forms(CANARY).items():
        assert name in leaks_in(b"\0" + form + b"\0") and len(form) >= 12
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "run.db-wal").write_bytes(b"..." + CANARY.encode() + b"...")
    assert len(leaks_under(tmp_path)) == 3 and leaks_in(b"sk-canar") == []


def test_a_run_and_all_that_is_made_of_it_hold_no_key(tmp_path: Path) -> None:
    more = ("status {0}/run", "report {0}/run", "export {0}/run trees --to {0}/trees.jsonl", "doctor", "doctor --json")
    with served(answer) as server:
        said = asked(tmp_path, server.url, *more)
    assert all(one.headers["authorization"] == f"Bearer {CANARY}" for one in server.asked) and len(server.asked) > 5
    assert "OPENAI_API_KEY" in said and leaks_in(said.encode()) == []
    assert (tmp_path / "run" / "report" / "report.html").is_file() and leaks_under(tmp_path) == []


@pytest.mark.parametrize("plan", ["wrong key, masked", "bad request", "redirect", "finish reason", "answer, coded"])
def test_a_server_that_hands_the_key_back_puts_it_nowhere(plan: str, tmp_path: Path) -> None:
    for name, leaky in (("always", PLANS[plan]), ("sometimes", now_and_then(PLANS[plan]))):
        folder = tmp_path / name
        folder.mkdir()
        with served(answer, leaky) as server:
            said = asked(folder, server.url, "status {0}/run")
        assert server.asked and leaks_in(said.encode()) == [] and leaks_under(folder) == []


def test_a_key_given_where_its_variables_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    problems = write_rows(tmp_path / "sums.jsonl", rows(1))
    run = ["run", RECIPE, "--out", tmp_path / "run", *settings("http://127.0.0.1:9/v1", problems)]
    said = journey(*run, "--set", f"servers.openai.key_variable={CANARY}")
    assert said.code == 2 and "key_variable" in said.err
    assert leaks_in((said.out + said.err).encode()) == [] and leaks_under(tmp_path) == []
