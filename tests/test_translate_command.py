"""journey derive --language: thoughts of one run told in other languages, and the rows of each language."""

import json
import re
from pathlib import Path
from typing import Any

from commanding import done, journey, sum_row, write_rows
from fault_server import Asked
from served import served
from thoughts.retellers import parts, tagged

from journey.models.base import Prompt


def answer(asked: Asked) -> dict[str, Any]:
    """A translator to Korean and German that knows two words, and leaves all that holds 23 in English."""
    text = asked.body["messages"][-1]["content"]
    words = "더하기" if "in Korean" in text else "Rechnung"
    said = [part if "23" in part else re.sub(r"(?<!\\)\b[A-Za-z]{2,}", words, part) for part in parts(Prompt(text))]
    message = {"role": "assistant", "content": tagged(said)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"object": "chat.completion", "choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 9}}


def test_the_thoughts_of_one_run_are_told_in_more_than_one_language(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("import", "prm800k", write_rows(tmp_path / "rated.jsonl", [sum_row(n) for n in (12, 23)]), "--out", run)
    done("derive", run)
    with served(answer) as server:
        strong = ("--strong", "openai/m", "--set", f"servers.openai.url={server.url}")
        most = done("derive", run, "--language", "ko", *strong, "--dry-run", "--json").data
        assert "translation" in json.dumps(most)
        found = done("derive", run, "--language", "Korean", *strong, "--json").data
        spent = len(server.asked)
        assert (found["language"], found["retold"]) == ("ko", {"shortcut": 1, "traverse": 1})
        assert found["kept_in_own"] == {"shortcut": 1, "traverse": 1} and spent == 2 + 2 * 3
        again = done("derive", run, "--language", "ko", *strong, "--json").data
        assert again["retold"] == found["retold"] and len(server.asked) == spent
        refused = journey("derive", run, "--language", "fr", *strong)
        assert refused.code == 2 and "no prompts in 'fr'" in refused.err
        changed = journey("derive", run, "--language", "ko", *strong, "--set", "thoughts.translating.tries=1")
        assert changed.code == 2 and "made with other settings" in changed.err

    none = journey("export", run, "sft", "--arm", "traverse", "--to", tmp_path / "no.jsonl", "--language", "de")
    assert none.code == 2 and "--language de" in none.err

    def rows(*flags: str) -> list[dict[str, str]]:
        told = done("export", run, "sft", "--arm", "traverse", "--to", tmp_path / "rows.jsonl", *flags).out
        assert ("1 of them are in their own language" in told) == bool(flags)
        return sorted((json.loads(line) for line in (tmp_path / "rows.jsonl").open()), key=lambda row: row["prompt"])

    english, korean = rows(), rows("--language", "ko")
    assert len(english) == len(korean) == 2
    assert all(row["prompt"].startswith("Solve") for row in english)
    kept, told = korean
    assert kept in english and "23" in kept["prompt"]
    assert "단계별로" in told["prompt"] and "더하기" in told["completion"] and "\\boxed{24}" in told["completion"]
    done("export", run, "thoughts", "--to", tmp_path / "thoughts.jsonl")
    notes = [row["note"] for row in map(json.loads, (tmp_path / "thoughts.jsonl").open()) if row["note"]]
    assert len(notes) == 2 and all("is not in Korean" in note for note in notes)
    told = {row["method"]: row["language"] for row in done("quality", run, "--json").data["sets"]}
    assert told["traverse"] == {"wanted": ["en"], "share": 1.0, "known": 2, "mixed": 0, "parts": 0}
    korean = told["traverse in ko"]
    assert korean["wanted"] == ["ko"] and korean["mixed"] == 1 and korean["parts"] > 1 and 0.4 < korean["share"] < 0.6
    assert "traverse in ko" in done("quality", run).out
