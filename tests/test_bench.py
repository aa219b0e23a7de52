"""The form of the benchmarks: a table, with --json one object as the last line, and what the exit code says."""

import json
import re
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from journey.tasks.countdown.puzzle import Puzzle, to_problem

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ROWS = sorted(BENCHMARKS.glob("[efs][0-9]*.py"))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that all benchmarks share."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr("logging.disable", lambda level: None)
    return import_module("bench")


def ended(bench: Any, result: Any, monkeypatch: pytest.MonkeyPatch, *flags: str) -> object:
    monkeypatch.setattr(sys, "argv", ["benchmark", *flags])
    with pytest.raises(SystemExit) as error:
        bench.run("S0", "about", lambda options: result)
    return error.value.code


@pytest.mark.parametrize(("reached", "code"), [(True, False), (False, True), (None, False)])
def test_a_row_says_its_figures_and_whether_it_is_reached(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reached: bool | None, code: bool
) -> None:
    result = bench.Result({"rate": 12.5, "by seed": {"0": 1}}, reached, "because")
    assert ended(bench, result, monkeypatch, "--json") == code
    out, err = capsys.readouterr()
    row = {"row": "S0", "reached": reached, "figures": {"rate": 12.5, "by seed": {"0": 1}}, "why": "because"}
    assert json.loads(out.splitlines()[-1]) == row
    assert "12.500" in err and "by seed: 0" in err and "because" in err
    assert ended(bench, result, monkeypatch) == code
    assert "12.500" in capsys.readouterr().out


def test_every_row_has_both_forms_and_a_name_of_its_own(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    for file in ROWS:
        text = file.read_text("utf-8")
        assert "argparse.ArgumentParser" not in text, file.name
        (row,) = re.findall(r'run\(\s*"([^"]+)",\s*__doc__', text)
        named.append(row.split()[0].lower())
    assert named == [file.stem.split("_")[0] for file in ROWS]


def test_the_options_of_a_row_are_its_flags(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Namespace] = []

    def measure(options: Namespace) -> Any:
        seen.append(options)
        return bench.Result({}, None)

    monkeypatch.setattr(sys, "argv", ["benchmark", "--long", "--seed", "3"])
    with pytest.raises(SystemExit):
        bench.run("S0", "about", measure, bench.flag("--seed", type=int))
    assert (seen[0].long, seen[0].json, seen[0].seed) == (True, False, 3)


def test_the_causal_test_cuts_a_recovery_out_of_an_answer_or_puts_another_in(bench: Any) -> None:
    causal = import_module("e5_causal_reflection")
    countdown, problem = causal.TASKS["countdown"], to_problem(Puzzle((8, 19, 18), 29))
    lines = ["18 - 8 = 10 ( 19 10 -> 29 )\n", "19 - 10 = 9 ( 9 -> 29 )\n", "Wait , 9 is not 29\n"]
    back, rest = "Back to ( 8 19 18 -> 29 )\n", "19 + 18 = 37 ( 8 37 -> 29 )\n37 - 8 = 29 ( 29 -> 29 )\nYes , 29 is 29"
    own = causal.recovery_of(countdown, problem, "".join([*lines, back, rest]))
    assert own == (problem, "", lines[0] + lines[1], lines[2], back)
    other = causal.Recovery(problem, "x\n", "their branch\n", "their remark\n", "their way back\n")
    assert causal.changed(own, other) == {
        "as it was": "".join([*lines, back]), "cut": "", "no return": lines[0] + lines[1],
        "another's": "their branch\ntheir remark\ntheir way back\n",
        "another's branch": f"their branch\ntheir remark\n{back}",
    }  # fmt: skip
    assert causal.recovery_of(countdown, problem, rest) is None
