"""journey report --transparency: every point is earned by what stands on the disk, and a no is printed as no."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from commanding import done, journey
from release_run import countdown_run

from journey.report.transparency import QUESTIONS
from journey.report.transparency_evidence import Answer, Record, Release
from journey.report.transparency_open import guide
from journey.store.run import Run
from journey.types import make_problem

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "docs" / "report.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = countdown_run(tmp_path_factory.mktemp("index") / "countdown")
    done("release", path, "--to", path.parent / "out", "--arm", "phase1", "--arm", "journey")
    return path


def answers(run: Path, *given: object) -> dict[int, dict[str, object]]:
    found = done("report", run, "--transparency", "--json", *given).data
    return {one["number"]: one for one in found["answers"]}


def noes(found: dict[int, dict[str, object]]) -> set[int]:
    return {number for number, one in found.items() if not one["yes"]}


def test_the_index_has_25_questions_and_100_points_in_the_published_parts() -> None:
    parts: dict[str, int] = {}
    for question in QUESTIONS:
        parts[question.part] = parts.get(question.part, 0) + question.points
    assert parts == {"data": 14, "methodology": 33, "evaluation": 24, "open source": 29}
    assert len(QUESTIONS) == 25


def test_a_released_run_with_a_paper_earns_every_point_and_links_to_what_earned_it(run: Path) -> None:
    given = ("--release", run.parent / "out", "--paper", PAPER)
    found = answers(run, *given)
    assert noes(found) == set(), [(n, found[n]["why"]) for n in noes(found)]
    text = done("report", run, "--transparency", *given).out
    assert "100 of 100" in text and "29 of 29" in text
    page = (run / "report" / "transparency.md").read_text()
    for line in page.splitlines():
        for target in [part.split(")")[0] for part in line.split("](")[1:]]:
            place = (run / "report" / target.split("#")[0]).resolve()
            assert place.exists() or (ROOT / place.relative_to(Path.cwd().resolve())).exists(), target
    assert json.loads((run / "report" / "transparency.json").read_text())["points"] == 100


def test_without_a_release_and_a_paper_hardly_anything_is_open(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no release lies beside
    found = answers(run, "--paper", PAPER, "--to", tmp_path)
    assert noes(found) == {1, 2, 3, 4, 5, 7, 9, 10, 11, 15, 18, 19, 20, 21, 24} - ({7} if found[7]["yes"] else set())
    text = done("report", run, "--transparency", "--paper", PAPER, "--to", tmp_path).out
    assert " no " in text and "there is no release" in str(found[1]["why"])


def test_a_paper_that_is_a_post_lacks_what_it_lacks(run: Path, tmp_path: Path) -> None:
    text = PAPER.read_text()
    (tmp_path / "post.md").write_text("# A post\n\nCountdown, tiny, exact.\n\n## Data\n\nbecause\n")
    given = ("--release", run.parent / "out", "--to", tmp_path)
    found = answers(run, *given, "--paper", tmp_path / "post.md")
    assert {6, 8, 10, 12, 13, 14, 16, 25} <= noes(found) and 7 not in noes(found)
    rows = [line for line in text.splitlines() if not line.startswith("| judge |")]
    (tmp_path / "paper.md").write_text("\n".join(rows))
    found = answers(run, *given, "--paper", tmp_path / "paper.md")
    assert noes(found) == {12} and "judge has no row" in str(found[12]["why"])


def test_commands_that_need_a_file_of_somebody_are_no_guide() -> None:
    commands = "# Put these files into that folder first: mine.jsonl, rated.jsonl.gz.\njourney run recipe.yaml"

    def answer(text: str) -> Answer:
        release = SimpleNamespace(commands=text, recipe={"task": "math"}, place=str)
        return guide(cast("Record", SimpleNamespace(release=release)))

    assert answer("journey run recipe.yaml").yes
    assert not answer(commands).yes and "mine.jsonl, rated.jsonl.gz;" in answer(commands).why


def test_problems_of_nobody_are_a_no_and_a_paper_on_others_is_none_on_them(run: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(run, own)
    with Run.open(own) as opened:
        opened.put_all(
            "problems", [make_problem("Make 7 from 3 4", "7", task="countdown", source="school/sums")], split="rl"
        )
    done("release", own, "--to", tmp_path / "out", "--arm", "journey")
    given = ("--release", tmp_path / "out", "--paper", PAPER)
    found = answers(own, *given)
    assert {1, 6, 8, 25} <= noes(found)
    assert "nobody said whose school/sums is" in str(found[1]["why"])
    assert "does not name the source school/sums" in str(found[25]["why"])
    done("release", own, "--to", tmp_path / "said", "--source", "school/=A. Smith, CC-BY-4.0")
    assert answers(own, "--release", tmp_path / "said", "--paper", PAPER)[1]["yes"]


def test_a_damaged_release_and_one_of_another_run_count_as_none(run: Path, experiment: Path, tmp_path: Path) -> None:
    shutil.copytree(run.parent / "out", tmp_path / "out")
    (tmp_path / "out" / "data" / "rows-train.parquet").write_bytes(b"nothing")
    found = answers(run, "--release", tmp_path / "out", "--to", tmp_path)
    assert not found[19]["yes"] and "is not as its checksum says" in str(found[19]["why"])
    found = answers(experiment, "--release", run.parent / "out", "--to", tmp_path)
    assert not found[21]["yes"] and "does not belong to this run" in str(found[21]["why"])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--release", "nowhere"), "is no release"),
        (("--paper", "nowhere.md"), "cannot be read"),
        (("--map", "docs/LOG.md"), "is of a run alone"),
    ],
)
def test_what_is_not_there_is_named_in_a_sentence(run: Path, given: tuple[str, ...], sentence: str) -> None:
    found = journey("report", run, "--transparency", *given)
    assert found.code == 2 and sentence in found.err and "Traceback" not in found.err
    assert journey("report", run, "--release", "x").code == 2


def test_the_release_in_the_repository_is_whole_and_small_enough_to_be_cloned() -> None:
    found = Release(ROOT / "release")
    assert found.damage is None
    assert found.manifest["data"]["long_thoughts"] == {"train": 327}
    assert sum(file.stat().st_size for file in (ROOT / "release").rglob("*") if file.is_file()) < 10_000_000
