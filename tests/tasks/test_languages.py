"""Prompts and the words of thoughts in other languages than English."""

import json
from pathlib import Path

import pytest
from commanding import done, journey

from journey import prompts
from journey.errors import UsageError
from journey.prompts import languages
from journey.tasks.narration import ENGLISH, PROSE, prose
from journey.tasks.table import ask, check_languages
from journey.types import Judgement, Node, make_problem

KNOWN = languages.known()


def problem(language: str | None, task: str = "math"):
    return make_problem("6 x 7 = ?", "42", task=task, language=language)


def test_a_problem_is_asked_in_its_language_and_without_one_in_english():
    assert {"zh", "ko", "de"} <= set(KNOWN)
    assert ask(problem(None), ()).text == ask(problem("en"), ()).text == prompts.fill("math", question="6 x 7 = ?")
    texts = {of: ask(problem(of), ()).text for of in KNOWN}
    assert "请一步一步地" in texts["zh"] and "단계별로" in texts["ko"] and "Schritt für Schritt" in texts["de"]
    assert all("6 x 7 = ?" in text and r"\boxed{}" in text for text in texts.values())


@pytest.mark.parametrize("of", KNOWN)
def test_prompts_of_a_language_have_the_fields_of_the_english_ones(of):
    own = [name for name in prompts.names() if prompts.has(name, of)]
    assert {"math", "text", "judged"} <= set(own)
    for name in own:
        fields = [sorted(prompts._FIELD.findall(prompts.load(name, language))) for language in (None, of)]
        assert fields[0] == fields[1], name


def test_the_hash_of_an_english_prompt_is_that_of_its_file():
    assert prompts.hash("math") == "72acb01eaac3a8fe"
    assert prompts.hash("math", "zh") != prompts.hash("math")


def test_codes_are_read_as_people_write_them():
    assert [languages.code(of) for of in ("zh-CN", "Chinese", "KO", "de_AT", "en-US", "English", None)] == [
        "zh", "zh", "ko", "de", None, None, None,
    ]  # fmt: skip
    with pytest.raises(UsageError, match="is no code of a language"):
        languages.code("klingon!")


@pytest.mark.parametrize(
    ("of", "task", "match"), [("fr", "math", "no prompts in 'fr'"), ("ko", "maze", "no prompt maze")]
)
def test_a_language_without_prompts_is_refused_with_the_mend(of, task, match):
    with pytest.raises(UsageError, match=match) as error:
        check_languages([problem(None), problem(of, task)])
    assert "--language en" in str(error.value) and "docs/languages.md" in str(error.value)


@pytest.mark.parametrize("of", KNOWN)
def test_thoughts_are_narrated_in_the_problems_language(of):
    words = prose(of)
    wrong = Node(0, "6 x 7 = 36", Judgement("wrong", reason="6 x 7 = 42"))
    said = [
        words.reflect(wrong, ["6 x 7 = 36"]),
        words.reflect(wrong, ["6 x 7 = 36", "36"]),
        words.reflect(Node(0, "36", answer="36", correct=False), ["36"]),
        words.go_back(problem(of), []),
        words.go_back(problem(of), ["6 x 7 = 6 x 7"]),
    ]
    assert len(set(said)) == 5 and not any("{" in text or "Wait" in text for text in said)
    assert "6 x 7 = 42" in said[0] and "36" in said[2]
    assert words.close(problem(of), Node(0, "x", answer="42")) == r"\boxed{42}"
    assert words.close(problem(of, "text"), Node(0, "x", answer="(B)")).endswith("(B)")
    assert words.name != PROSE.name == "prose"
    assert {name: len(texts) for name, texts in ENGLISH.items()}.keys() == languages.language_of(of).narration.keys()


def test_a_users_own_language_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "nl"
    own.mkdir()
    data = (Path(languages.__file__).parent / "de" / "language.yaml").read_text("utf-8")
    (own / "language.yaml").write_text(data.replace("name: German", "name: Dutch"), encoding="utf-8")
    (own / "math.txt").write_text("Los op: {{question}}\n", encoding="utf-8")
    monkeypatch.setenv(languages.VARIABLE, str(tmp_path))
    caches = (languages.known, languages.language_of, prompts.load, prose)
    try:
        for one in caches:
            one.cache_clear()
        assert ask(problem("Dutch"), ()).text == "Los op: 6 x 7 = ?\n"
        with pytest.raises(UsageError, match="add nl/text"):
            ask(problem("nl", "text"), ())
        broken = {
            "is missing or not known": "name: Dutch\n",
            "is no YAML": "name: [",
            "length is": data.replace("length: 1.15", "length: long"),
            "is no pattern": data.replace("\\bFehler\\b", "(Fehler"),
            "cues must have reflection, backtrack, return, check": data.replace("cues:", "cues:\n  dance: [x]"),
            "must be a list of texts": data.replace("scripts: [LATIN]", "scripts: {}"),
        }
        for match, text in broken.items():
            languages.language_of.cache_clear()
            (own / "language.yaml").write_text(text, encoding="utf-8")
            with pytest.raises(UsageError, match=match):
                languages.language_of("nl")
        prompts.load.cache_clear()
        languages.language_of.cache_clear()
        (own / "language.yaml").write_text(data, encoding="utf-8")
        (own / "math.txt").write_text("Los op.\n", encoding="utf-8")
        with pytest.raises(UsageError, match=r"has the fields none, where the English prompt has .*question"):
            ask(problem("nl"), ())
    finally:
        monkeypatch.delenv(languages.VARIABLE)
        for one in caches:
            one.cache_clear()


def test_problems_come_in_with_their_language(tmp_path: Path):
    rows = [
        {"question": "y", "answer": "2"},
        {"question": "3+4=?", "answer": "7", "lang": "zh-CN"},
        {"question": "x", "answer": "1", "language": "python"},
    ]
    file = tmp_path / "problems.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def read(run: Path) -> list[str | None]:
        done("export", run, "problems", "--to", tmp_path / f"{run.name}.jsonl")
        return sorted(str(json.loads(row)["language"]) for row in (tmp_path / f"{run.name}.jsonl").open())

    done("import", "problems", file, "--out", tmp_path / "own")
    done("import", "problems", file, "--out", tmp_path / "flag", "--language", "Korean")
    done("import", "problems", tmp_path / "own.jsonl" if read(tmp_path / "own") else file, "--out", tmp_path / "again")
    assert read(tmp_path / "own") == read(tmp_path / "again") == ["None", "None", "zh"]
    assert read(tmp_path / "flag") == ["ko", "ko", "ko"]
    refused = journey("import", "problems", file, "--out", tmp_path / "no", "--language", "klingon!")
    assert refused.code == 2 and "is no code of a language" in refused.err and not (tmp_path / "no").exists()


def test_a_recipe_with_a_problem_in_a_language_without_prompts_asks_no_model(tmp_path: Path):
    rows = [{"question": "3+4=?", "answer": "7"}, {"question": "Combien?", "answer": "7", "language": "fr"}]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "none.jsonl").write_text('{"prompt": "x", "completions": ["y"]}\n', encoding="utf-8")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"{{task: math, model: scripted/{tmp_path}/none.jsonl, judge: critic, problems: {{file: {tmp_path}/p.jsonl}}, "
        "thoughts: {methods: [shortcut]}}",
        encoding="utf-8",
    )
    for flags in ([], ["--dry-run"]):
        refused = journey("run", recipe, "--out", tmp_path / "run", *flags)
        assert refused.code == 2 and "no prompts in 'fr'" in refused.err
