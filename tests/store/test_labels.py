"""What somebody said stays said: latest wins, nothing is overwritten, and a kill loses nothing acknowledged."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.records import label_history

from journey.errors import UsageError
from journey.store import labels
from journey.store.faults import StoreDamaged
from journey.store.labels import TRAITS, Label, Written, WrittenNote
from journey.store.labels_file import NAME

ROOT = Path(__file__).parents[2]


def of_step(node: int = 0, annotator: str = "ann", **fields: object) -> Label:
    return Label("node", annotator, tree="t", node=node, **fields)  # type: ignore[arg-type]


def test_a_run_that_nobody_labelled_has_no_labels_and_gets_no_file(tmp_path: Path):
    assert labels.labels(tmp_path) == labels.written(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_latest_label_of_an_annotator_about_an_item_counts_and_the_earlier_stay(tmp_path: Path):
    for verdict in ("right", "wrong", "right"):
        labels.put(tmp_path, of_step(verdict=verdict, judged=True))
    labels.put(tmp_path, of_step(annotator="bob", verdict="neutral", judged=True))
    labels.put(tmp_path, of_step(node=1, judged=True))
    found = {(one.annotator, one.node): one.verdict for one in labels.labels(tmp_path)}
    assert found == {("ann", 0): "right", ("bob", 0): "neutral", ("ann", 1): None}
    assert [one.verdict for one in label_history(tmp_path)] == ["right", "wrong", "right", "neutral", None]
    assert [one.node for one in labels.labels(tmp_path, annotator="ann", about="node:t:0")] == [0]


def test_a_discarded_label_takes_back_what_was_said_and_stays_in_the_history(tmp_path: Path):
    labels.put(tmp_path, of_step(verdict="wrong", judged=True, state="submitted"))
    labels.put(tmp_path, of_step(state="discarded"))
    assert labels.labels(tmp_path) == []
    labels.put(tmp_path, of_step(1))
    labels.put(tmp_path, of_step(1, "bob"))
    assert labels.states(tmp_path, "label", "ann") == {"node:t:1": "draft"}
    assert labels.states(tmp_path, "notes", "ann") == {}
    assert [one.state for one in label_history(tmp_path)] == ["submitted", "discarded", "draft", "draft"]


TEXT = st.none() | st.text(max_size=30)
ANY = st.builds(
    Label,
    st.just("node"),
    st.text(min_size=1, max_size=9).filter(str.strip),
    tree=st.text(max_size=9),
    node=st.integers(0, 99),
    verdict=st.sampled_from(("right", "neutral", "wrong")) | st.none(),
    judged=st.just(True),
    reason=TEXT,
    step=TEXT,
    ratings=st.dictionaries(st.sampled_from(TRAITS), st.integers(1, 5)),
    note=TEXT,
    state=st.sampled_from(("draft", "submitted")),
    suggestion=TEXT,
)


@given(said=st.lists(ANY, min_size=1, max_size=4))
def test_any_label_comes_back_as_it_was_said(said: list[Label]):
    with TemporaryDirectory() as name:
        kept = [labels.put(folder := Path(name), one) for one in said]
        assert label_history(folder) == kept
        assert all(one.made for one in label_history(folder))
        assert {(one.annotator, one.about) for one in labels.labels(folder)} == {(o.annotator, o.about) for o in said}


def test_notes_come_back_whole_and_beside_labels(tmp_path: Path):
    notes = (WrittenNote("trial", "try \\(x\\)", "why not"), WrittenNote("answer", "\\boxed{1}"))
    labels.put(tmp_path, Written("p", "ann", notes[:1]))
    kept = labels.put(tmp_path, Written("p", "ann", notes, "submitted"))
    labels.put(tmp_path, of_step())
    assert labels.written(tmp_path, problem="p") == [kept]
    assert labels.written(tmp_path, problem="q") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"annotator": "  "}, "name of who"), ({"verdict": "bad", "judged": True}, "none of right"),
        ({"verdict": "right"}, "none of right"), ({"ratings": {"beauty": 3}}, "beauty"),
        ({"ratings": {"rechecking": 6}}, "rechecking"), ({"node": None}, "must name it"),
    ],
)  # fmt: skip
def test_what_is_no_label_is_refused(fields: dict[str, object], words: str):
    with pytest.raises(UsageError, match=words):
        Label(**{"item": "node", "annotator": "ann", "tree": "t", "node": 0} | fields)  # type: ignore[arg-type]


def test_a_byte_that_changed_is_noticed_and_another_version_refused(tmp_path: Path):
    labels.put(tmp_path, of_step(note="unchanged"))
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("UPDATE said SET json = replace(json, 'unchanged', 'changed!!')")
    with pytest.raises(StoreDamaged, match="seal"):
        labels.labels(tmp_path)
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("PRAGMA user_version=7")
    with pytest.raises(UsageError, match="version 7"):
        labels.labels(tmp_path)


SAYING = """
import sys
from pathlib import Path
from journey.store import labels
name, number = sys.argv[2], int(sys.argv[3])
for node in range(number):
    labels.put(Path(sys.argv[1]), labels.Label("node", name, tree="t", node=node, verdict="wrong", judged=True))
    print(node, flush=True)
"""


def saying(folder: Path, name: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SAYING, str(folder), name, str(number)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_label_at_once_into_a_new_file_and_nothing_is_lost(tmp_path: Path):
    both = [saying(tmp_path, name, 25) for name in ("ann", "bob")]
    assert [process.wait() for process in both] == [0, 0]
    for process in both:
        assert process.stdout is not None
        process.stdout.close()
    found = labels.by_annotator(labels.labels(tmp_path))
    assert {name: [one.node for one in of] for name, of in found.items()} == {
        "ann": list(range(25)), "bob": list(range(25)),
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_kill_loses_no_label_that_was_acknowledged(tmp_path: Path, after: int):
    with saying(tmp_path, "ann", 100_000) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(after)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout.read().split()]
    kept = [one.node for one in label_history(tmp_path)]
    assert kept[: len(acknowledged)] == acknowledged and len(kept) - len(acknowledged) <= 1
    labels.put(tmp_path, of_step(node=-1))  # and it goes on
    assert len(label_history(tmp_path)) == len(kept) + 1
