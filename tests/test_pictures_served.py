"""Problems with pictures from import to rows to train on, against a real server with a vision-language model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from picture_rows import rows
from real_servers import transformers_serve, why_not_transformers_serve
from tiny_vision import make_vision_model

from journey.store.run import Run

SERVER = "continuation: instruction, stop: client, image_tokens: 5"  # with a stop string it fails for such models
RECIPE = """
task: text
model: openai/{model}
servers: {{openai: {{url: "{url}", {server}}}}}
judge: rollout:openai/{model}
problems: {{file: {file}, split: null}}
trees: {{grow: {{width: 6, keep: 3, depth: 3, max_step_tokens: 30}}}}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if (reason := why_not_transformers_serve()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("served")
    model = make_vision_model(folder / "model")
    file = write_rows(folder / "colours.jsonl", rows(folder)[:3])
    with transformers_serve(model, folder) as real:
        text = RECIPE.format(model=model, url=real.url, server=SERVER, file=file)
        (folder / "vision.yaml").write_text(text, "utf-8")
        yield folder / "vision.yaml"


def test_a_served_model_sees_each_problems_picture_and_its_trees_become_rows_that_trl_reads(recipe: Path) -> None:
    from datasets import load_dataset
    from transformers import AutoProcessor
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    run = recipe.parent / "run"
    most = done("grow", recipe, "--out", run, "--dry-run", "--json").data["asked_at_most"]
    spent = done("grow", recipe, "--out", run, "--json").data["spent"]
    assert spent[0]["prompt_tokens"] <= sum(one["prompt_tokens"] for one in most)
    with Run.read(run) as of:
        ends = {problem.answer: [n for tree in of.trees(problem=problem.id) for n in tree.nodes if n.answer]
                for problem in of.problems()}  # fmt: skip
    for colour, nodes in ends.items():  # the question is the same for all: only the picture tells the answer
        assert any(node.answer == colour and node.correct for node in nodes), (colour, nodes)
    for method in ("shortcut", "traverse"):
        done("derive", run, "--method", method)
    refused = journey("export", run, "sft", "--arm", "journey", "--to", run / "rows.parquet")
    assert refused.code == 2 and "add --messages" in refused.err
    done("export", run, "sft", "--arm", "journey", "--messages", "--to", run / "rows.parquet")
    data = load_dataset("parquet", data_files=str(run / "rows.parquet"), split="train", cache_dir=str(run / "cache"))
    assert [picture.size for row in data for picture in row["images"]] == [(16, 16)] * 3
    batch = DataCollatorForVisionLanguageModeling(AutoProcessor.from_pretrained(recipe.parent / "model"))(list(data))
    assert batch["pixel_values"].shape == (3, 3, 16, 16)


def test_jsonl_rows_name_the_files_beside_them(recipe: Path) -> None:
    run, file = recipe.parent / "run", recipe.parent / "rows" / "prompts.jsonl"
    done("export", run, "prompts", "--for", "trl", "--messages", "--to", file)
    from journey.store.datafiles import rows as rows_of

    paths = [path for _, row in rows_of(file) for path in row["images"]]
    assert len(paths) == 3 and all((file.parent / path).is_file() for path in paths)
    verl = journey("export", run, "prompts", "--for", "verl", "--to", file)
    assert verl.code == 2 and "written for trl" in verl.err
