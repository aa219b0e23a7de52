"""What a dry run says is asked at most is never passed by what is asked, for every command that asks models."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import player
import pytest
from commanding import done, write_rows
from served import served

STEPS = [
    {"question": f"What is {a} * 6 + 7?", "steps": [f"We begin: {a} * 6 = {a * 6}.", f"Then {a * 6} + 7 = 9."],
     "labels": [True, False]}
    for a in (3, 5, 8)
]  # fmt: skip
CRITIC, ROLLOUT = ("--judge", "critic:openai/j"), ("--judge", "rollout:openai/j")
SHORT = ("--set", "search.n=2", "--set", "search.depth=4", "--set", "rollout.n=2")
SAMPLED = ("--decoding", "sampled", "--samples", 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done("import", "problems", write_rows(folder / "sums.jsonl", player.rows(3)), "--out", folder / "run",
         "--split", "test")  # fmt: skip
    rows = [{"question": one["question"], "steps": one["steps"], "labels": ["right", "wrong"]} for one in STEPS]
    done("import", "labelled", write_rows(folder / "labelled.jsonl", rows), "--out", folder / "run")
    write_rows(folder / "steps.jsonl", STEPS)
    return folder / "run"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with served(player.answer) as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "command",
    [
        ("eval", "RUN"),
        ("eval", "RUN", *SAMPLED, "--set", "budget.max=20", "--set", "budget.waits=1"),
        ("eval", "RUN", *SAMPLED, *CRITIC),
        ("eval", "RUN", *SAMPLED, *ROLLOUT, "--set", "rollout.n=2", "--set", "rollout.label=soft"),
        ("eval", "RUN", "--search", "vote", *SHORT[:2]),
        ("eval", "RUN", "--search", "best_of_n", *CRITIC, *SHORT[:2]),
        *(("eval", "RUN", "--search", name, *CRITIC, *SHORT) for name in ("beam", "dvts", "mcts")),
        ("eval", "RUN", "--search", "tot_bfs", *SHORT[:4]),
        ("eval", "RUN", "--search", "tot_dfs", "--seed", 1, *SHORT[:4]),
        ("eval", "RUN", "--search", "beam", *ROLLOUT, *SHORT),
        ("eval", "RUN", "--search", "lookahead", *CRITIC, *SHORT),
        ("eval", "judges", "--on", "STEPS", *CRITIC),
        ("eval", "judges", "--on", "STEPS", *CRITIC, "--set", "critic.together=false"),
        ("eval", "judges", "--on", "STEPS", *ROLLOUT, "--set", "rollout.search=binary"),
        ("eval", "judges", "--on", "RUN", *ROLLOUT, *CRITIC, "--set", "rollout.label=soft"),
        ("judge", "RUN", *CRITIC, "--out", "OUT"),
        ("judge", "RUN", *ROLLOUT, "--out", "OUT", "--set", "rollout.label=soft"),
        ("judge", "RUN", *ROLLOUT, "--out", "OUT", "--set", "rollout.search=binary"),
        ("judge", "RUN", "--judge", "vote:[critic:openai/j,rollout:openai/j]", "--out", "OUT"),
    ],
    ids=lambda command: " ".join(map(str, command)),
)
def test_no_more_is_spent_than_a_dry_run_says(run: Path, tmp_path: Path, command: tuple[object, ...]) -> None:
    places = {"RUN": run, "OUT": tmp_path / "out", "STEPS": run.parent / "steps.jsonl"}
    model = ("--model", "openai/m") if command[0] == "eval" and command[1] == "RUN" else ()
    given = [*(places.get(str(word), word) for word in command), *model, "--json"]
    most: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("calls", "prompt_tokens", "tokens"), 0))
    for row in done(*given, "--dry-run").data["asked_at_most"]:
        for what in most[row["model"]]:
            most[row["model"]][what] += row[what]
    spent = done(*given).data["spent"]
    assert spent
    for row in spent:
        assert {what: row[what] <= most[row["model"]][what] for what in most[row["model"]]} == dict.fromkeys(
            ("calls", "prompt_tokens", "tokens"), True
        ), (row, most[row["model"]])
