"""journey release: what lies in it loads elsewhere, comes out the same each time, and gives nothing of the machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from commanding import done, journey
from release_run import SMALL, countdown_run

from journey.errors import UsageError
from journey.models.weights import TINY, model_path
from journey.pipeline.kept_recipe import config_of
from journey.pipeline.recipe_reading import load
from journey.report.portable import portable
from journey.report.release_push import push
from journey.store.run import Run
from journey.types import make_problem


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return countdown_run(tmp_path_factory.mktemp("release") / "countdown")


@pytest.fixture(scope="module")
def released(run: Path) -> Path:
    done("release", run, "--to", run.parent / "out", "--arm", "journey", "--dtype", "bfloat16")
    return run.parent / "out"


def test_a_released_data_set_loads_by_the_configurations_of_its_card(
    released: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import datasets

    found = datasets.load_dataset(str(released / "data"), "trees", split="train", cache_dir=str(tmp_path))
    assert found.num_rows == 4
    assert found[0]["nodes"][1]["judgement"]["verdict"] == "wrong"
    rows = datasets.load_dataset(str(released / "data"), "rows", split="train", cache_dir=str(tmp_path))
    assert set(rows["arm"]) == {"phase1", "journey"}
    test = datasets.load_dataset(str(released / "data"), "problems", split="test", cache_dir=str(tmp_path))
    assert test.num_rows == 5


def test_a_released_model_loads_in_transformers_and_is_measured_again_as_it_was_rounded(released: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = released / "models" / "journey"
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    ids = AutoTokenizer.from_pretrained(folder, local_files_only=True)("15 7", return_tensors="pt").input_ids
    assert model(ids).logits.shape[-1] == 226
    assert (folder / "model.safetensors").stat().st_size < 0.51 * (
        Path(model_path(TINY)) / "model.safetensors"
    ).stat().st_size
    facts = json.loads((released / "release.json").read_text())["models"]["journey"]
    assert facts["accuracy"]["sampled"]["right"] == 0
    assert facts["accuracy_as_released"]["greedy"]["problems"] == 5
    assert [stage["arm"] for stage in facts["stages"]] == ["phase1", "journey"]


def test_the_same_run_gives_the_same_bytes_and_every_file_has_a_checksum(run: Path, released: Path) -> None:
    done("release", run, "--to", run.parent / "again", "--arm", "journey", "--dtype", "bfloat16")
    sums = (released / "SHA256SUMS").read_text()
    assert (run.parent / "again" / "SHA256SUMS").read_text() == sums
    files = {file.relative_to(released).as_posix() for file in released.rglob("*") if file.is_file()}
    assert {line.split("  ")[1] for line in sums.splitlines()} == files - {"SHA256SUMS"}


def test_nothing_of_the_machine_gets_out_and_the_kept_recipe_can_be_run(run: Path, released: Path) -> None:
    for file in released.rglob("*"):
        if file.is_file():
            assert str(run.parent).encode() not in file.read_bytes(), file
    assert "seconds" not in (released / "report" / "report.json").read_text()
    again = load(released / "recipe.yaml", (), {})
    assert config_of(again) == config_of(load("countdown", (*SMALL, "evaluation.max_tokens=40"), {}))
    text = (released / "make_again.sh").read_text()
    assert "--seed 1 --arm journey --dtype bfloat16" in text and "torch " in text


def test_the_card_names_source_licence_filters_prompts_and_sizes(released: Path) -> None:
    head, text = (released / "data" / "README.md").read_text().removeprefix("---\n").split("---\n", 1)
    assert yaml.safe_load(head)["license"] == "apache-2.0"
    assert {"problems", "trees", "long_thoughts", "shortcuts", "rows"} == {
        one["config_name"] for one in yaml.safe_load(head)["configs"]
    }
    for words in ("drawn by rule", "was ever trained on", "Judge: exact", "One step joins two"):
        assert words in text


def test_a_run_without_recipe_and_models_is_released_as_what_it_is(experiment: Path, tmp_path: Path) -> None:
    found = done("release", experiment, "--to", tmp_path / "out", "--json").data
    assert found["models"] == {} and found["data"]["long_thoughts"] == {"train": 15}
    assert "keeps no recipe" in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "make_again.sh").exists()


def test_the_commands_name_what_does_not_lie_in_the_release(tmp_path: Path) -> None:
    path = tmp_path / "my run"
    recipe = load("code", ("problems.file=/data/mine.jsonl",), {})
    with Run.open(path, config_of(recipe)) as run:
        run.put_all("problems", [make_problem("Write f().", "", task="code")], split="train")
    done("release", path, "--to", tmp_path / "out")
    script = (tmp_path / "out" / "make_again.sh").read_text()
    assert "# Put these files into that folder first: mine.jsonl.\n# Name the servers in recipe.yaml first" in script
    assert "--out 'my run' --allow-code\njourney release 'my run' --to release\n" in script


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--seed", "7"), "has no seed 7; it has 1, 2, 3"),
        (("--arm", "journey"), "no model of the arm journey"),
        (("--source", "mine"), "write how the source's name begins"),
        (("--push", "alone"), "write an account and a name"),
    ],
)
def test_wrong_wishes_are_refused_in_a_sentence_and_leave_nothing(
    experiment: Path, tmp_path: Path, given: tuple[str, ...], sentence: str
) -> None:
    found = journey("release", experiment, "--to", tmp_path / "out", *given)
    assert found.code == 2 and sentence in found.err
    assert list(tmp_path.iterdir()) == []


def test_a_release_over_a_folder_that_holds_something_is_refused_and_touches_nothing(
    experiment: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    found = journey("release", experiment, "--to", tmp_path / "mine")
    assert found.code == 2 and "holds something already" in found.err
    assert [file.name for file in tmp_path.rglob("*")] == ["mine", "thesis.tex"]
    (tmp_path / "empty").mkdir()
    done("release", experiment, "--to", tmp_path / "empty")
    assert (tmp_path / "empty" / "SHA256SUMS").is_file()


def test_a_key_in_a_thought_stops_the_release_before_anything_stands(
    make_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-canary-0123456789")
    path = make_run(tmp_path / "run", seeds=1, problems=3, trees=1, texts=lambda text: f"{text} sk-canary-0123456789")
    found = journey("release", path, "--to", tmp_path / "out")
    assert found.code == 2 and "the value of SOME_API_KEY" in found.err and "canary" not in found.err
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


def test_an_upload_gives_data_and_models_to_repositories_of_their_own(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    taken: list[tuple[str, str, str]] = []

    class Hub:
        """Takes uploads as the Hub's client does."""

        def create_repo(self, name: str, **_: object) -> None:
            if name.startswith("closed/"):
                raise OSError("no way there")

        def upload_folder(self, *, repo_id: str, repo_type: str, folder_path: Path) -> str:
            taken.append((repo_id, repo_type, folder_path.name))
            return f"https://hub/{repo_id}"

    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    assert push(released, "me/mine") == ["https://hub/me/mine", "https://hub/me/mine-journey"]
    assert taken == [("me/mine", "dataset", "data"), ("me/mine-journey", "model", "journey")]
    with pytest.raises(UsageError, match="the Hub did not take closed/mine \\(no way there\\)"):
        push(released, "closed/mine")


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ("hf//home/ann/models/mine", "hf/mine"),
        ("/data/x/problems.jsonl", "problems.jsonl"),
        ("hf/owner/name", "hf/owner/name"),
        ("vote:[hf/~/a/b,exact]", "vote:[hf/b,exact]"),
        ("http://10.0.0.7:8000/v1", "a server"),
        ("C:\\Users\\ann\\m", "m"),
        ("countdown/train", "countdown/train"),
        ("3 / 4", "3 / 4"),
    ],
)
def test_settings_keep_the_last_name_of_a_place_and_no_address(found: str, left: str) -> None:
    assert portable({"model": [found]}) == {"model": [left]}
