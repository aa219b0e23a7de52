"""Problems with pictures pass through: into a run, to other runs, and out again; what is no picture is refused."""

import resource
from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from picture_rows import QUESTION, picture, png, rows, text_bomb

from journey.data.pictures import only_name, pictures
from journey.errors import UsageError
from journey.store.run import Run
from journey.types import make_problem

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD = {
    "20,000 x 20,000 pixels": (png(20_000, 20_000), "too many pixels"),
    "8,000 x 8,000 pixels": (png(8_000, 8_000), "8,000 x 8,000 pixels"),
    "half a picture": (picture("blue", "JPEG")[:300], "no whole PNG"),
    "fewer pixels than its header says": (png(200, 200), "no whole PNG"),
    "compressed text": (text_bomb(), "no whole PNG"),
    "SVG": (SVG, "SVG"),
    "GIF": (picture("red", "GIF"), "no PNG, JPEG or WebP"),
    "words": (b"hello", "no PNG, JPEG or WebP"),
    "bytes": (bytes(20_000_001), "20,000,001 bytes"),
    "an address": ("https://example.org/a.png", "nothing is fetched"),
    "the address of an object": ({"url": "http://example.org/a.png"}, "nothing is fetched"),
    "a file elsewhere": ("../secret.png", "lies outside"),
    "no file": ("none.png", "there is no picture"),
    "no Base64": ("data:image/png;base64,@@", "no whole Base64"),
    "a number": (5, "is no picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_refused_in_a_sentence_before_it_is_decoded(name: str, tmp_path: Path) -> None:
    cell, words = BAD[name]
    (tmp_path / "secret.png").write_bytes(picture("red"))
    (tmp_path / "data").mkdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match=words):
        pictures({"image": cell}, None, tmp_path / "data", "rows.jsonl line 1", only_name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kilobytes; a bomb has 1,200,000


def test_one_question_about_two_pictures_is_two_problems_and_ids_without_pictures_stay() -> None:
    assert make_problem("What is 2 + 1?", "3").id == make_problem("What is 2 + 1?", "3", images=()).id
    assert make_problem("What is 2 + 1?", "3").id == "364636d1d80cc94a"
    assert len({make_problem(QUESTION, "red", images=names).id for names in ((), ("a",), ("b",), ("a", "b"))}) == 4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    done("import", "problems", write_rows(folder / "colours.jsonl", rows(folder)), "--out", folder / "run")
    return folder / "run"


def held(run: Path) -> dict[str, list[bytes]]:
    """The bytes of every problem's pictures."""
    with Run.read(run) as of:
        files = {path.stem: path.read_bytes() for path in (run / "images").iterdir()}
        return {problem.id: [files[name] for name in problem.images] for problem in of.problems()}


def test_every_form_of_picture_comes_in_as_it_is(run: Path) -> None:
    forms = {"red": "PNG", "blue": "JPEG", "green": "WEBP"}
    assert sorted(held(run).values()) == sorted([[], *([picture(name, form)] for name, form in forms.items())])


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_exported_problems_come_back_with_their_pictures(run: Path, ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"problems.{ending}"
    done("export", run, "problems", "--to", file)
    done("import", "problems", file, "--out", tmp_path / "again")
    assert held(tmp_path / "again") == held(run)
    next((tmp_path / "images").iterdir()).unlink()
    lacking = journey("import", "problems", file, "--out", tmp_path / "lacking")
    assert lacking.code == 2 and "picture" in lacking.err and "Traceback" not in lacking.err


def test_a_merged_run_has_the_pictures_of_all(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "red.png").write_bytes(picture("yellow"))
    more = [{"question": QUESTION, "answer": "yellow", "image": "red.png"}]
    done("import", "problems", write_rows(folder / "more.jsonl", more), "--out", folder / "run")
    done("merge", run, folder / "run", "--out", tmp_path / "both")
    assert held(tmp_path / "both") == held(run) | held(folder / "run")


def test_a_picture_that_changed_on_the_disk_is_not_sent(run: Path, tmp_path: Path) -> None:
    from journey.store import images

    name = images.put(tmp_path, picture("red"), "a picture")
    file = images.find(tmp_path, name)
    assert file is not None and images.data_uri(tmp_path, name).startswith("data:image/png;base64,iVBOR")
    file.write_bytes(picture("blue"))
    with pytest.raises(UsageError, match="not as it was stored"):
        images.read(tmp_path, name)
    assert images.find(tmp_path, "../run.db") is None
