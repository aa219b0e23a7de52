"""Whose head and form a model has, and which models are refused."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import known_prm
import pytest
from known_prm import QUESTION, two_classes
from transformers import AutoTokenizer

from journey.errors import UsageError
from journey.judges.base import judge_solution
from journey.judges.classifier import Classifier
from journey.judges.classifier_settings import ClassifierSettings
from journey.types import make_problem

PROBLEM = make_problem(QUESTION, "1")
STEPS = ["good fine", "bad bad bad"]
READ = [f"{QUESTION} \n good fine \n", f"{QUESTION} \n good fine \n bad bad bad \n"]


def judge(path: Path, **settings) -> Classifier:
    return Classifier(path, "prm:known", ClassifierSettings(**settings), "cpu")


@pytest.mark.parametrize(
    ("save", "form"),
    [
        (known_prm.save_qwen, "qwen-prm"),
        (known_prm.save_skywork, "skywork"),
        (known_prm.save_reasoneval, "reasoneval"),
        (known_prm.save_labels, "steps"),
    ],
)
def test_a_head_of_its_own_tells_the_form(save: Callable[[Path], Path], form: str, tmp_path: Path) -> None:
    assert judge(save(tmp_path)).form == form


def test_of_several_heads_that_of_the_form_is_read(tmp_path: Path) -> None:
    weight, bias = known_prm.head(3)
    other, plain = known_prm.head(2)
    heads = {"score_head.weight": weight, "score_head.bias": bias, "score.weight": other, "score.bias": plain}
    folder = known_prm.save_foreign(tmp_path, heads)
    assert judge(folder).form == "reasoneval"
    classifier = judge(folder, form="steps")
    said = asyncio.run(judge_solution(classifier, PROBLEM, STEPS))
    assert [one.score for one in said] == pytest.approx([two_classes(tokens) for tokens in READ], abs=2e-6)


def test_several_heads_of_which_none_is_the_forms_are_refused(tmp_path: Path) -> None:
    weight, _ = known_prm.head(2)
    folder = known_prm.save_foreign(tmp_path, {"score_head.weight": weight, "score.weight": weight.clone()})
    with pytest.raises(UsageError, match="several heads, none of them of the form qwen-prm"):
        judge(folder, form="qwen-prm")
    lone = known_prm.save_foreign(tmp_path / "lone", {"score.weight": weight})
    assert judge(lone, form="qwen-prm").form == "qwen-prm"


def test_a_plain_language_model_tells_its_form_by_its_name_or_not_at_all(tmp_path: Path) -> None:
    assert judge(known_prm.save_words(tmp_path / "my-shepherd-7b")).form == "math-shepherd"
    with pytest.raises(UsageError, match=r"name its form, as in prm:hf/.*\[form=math-shepherd\]"):
        judge(known_prm.save_words(tmp_path / "plain"))
    with pytest.raises(UsageError, match="there is no form 'shepherd'"):
        judge(tmp_path / "plain", form="shepherd")


def test_models_that_are_no_judges_are_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no model folder"):
        judge(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="has 5 labels; the form steps has 2 or 3"):
        judge(known_prm.save_labels(tmp_path / "five", labels=5))
    pickled = known_prm.save_labels(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"no model\.safetensors"):
        judge(pickled)
    silent = known_prm.save_qwen(tmp_path / "silent")
    AutoTokenizer.from_pretrained(silent)
    (silent / "chat_template.jinja").unlink()
    with pytest.raises(UsageError, match="chat template"):
        judge(silent)
    strange = known_prm.save_labels(tmp_path / "strange")
    data = json.loads((strange / "config.json").read_text()) | {
        "model_type": "own_thing",
        "auto_map": {"AutoModel": "x.Y"},
    }
    (strange / "config.json").write_text(json.dumps(data))
    with pytest.raises(UsageError, match="code that comes with a model is never run"):
        judge(strange)
