"""The studio as a server: whom it answers, what it hands out, and what it refuses."""

import json
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from studio.conftest import Studio
from studio.payloads import PAYLOADS

from journey.commands.view import check
from journey.commands.view import open_studio as serve_view
from journey.errors import UsageError
from journey.store.run import Run
from journey.types import content_hash


def ask(studio: Studio, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection(urlsplit(studio.address).netloc, timeout=600)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


WEBSOCKET = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/health", "/_stcore/host-config", "/journey/step", "/journey/viewer/studio.js"]
)
def test_a_foreign_host_is_refused_everywhere(studio: Studio, path: str):
    assert ask(studio, path, Host="evil.example")[0] == 403
    assert ask(studio, path, Host="127.0.0.1.evil.example:80")[0] == 403
    assert ask(studio, path)[0] != 403


def test_a_websocket_from_a_foreign_host_or_page_is_refused(studio: Studio):
    own = urlsplit(studio.address).netloc
    assert ask(studio, "/_stcore/stream", Host="evil.example", **WEBSOCKET)[0] == 403
    assert ask(studio, "/_stcore/stream", Host=own, Origin="http://evil.example", **WEBSOCKET)[0] == 403


def test_it_listens_on_this_machine_only(studio: Studio):
    port = urlsplit(studio.address).port
    names = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for name in names - {"127.0.0.1"}:
        if str(name).startswith("127."):
            continue
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((name, port)) != 0


def test_every_answer_says_that_nothing_comes_from_outside(studio: Studio):
    for path in ("/", "/journey/viewer/studio.js", "/journey/step"):
        policy = ask(studio, path)[1]["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    "path",
    ["/journey/viewer/../serve.py", "/journey/viewer/%2e%2e/serve.py", "/journey/viewer/..%2fserve.py",
     "/journey/viewer//etc/passwd", "/journey/viewer/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
     "/journey/viewer/..\\serve.py", "/journey/viewer/",
     "/journey/viewer/\\\\host\\share"],
)  # fmt: skip
def test_a_path_out_of_the_viewers_files_is_refused(studio: Studio, path: str):
    status, _, said = ask(studio, path)
    assert status in (400, 403, 404)
    assert "root:" not in said
    assert "import" not in said


def test_a_step_is_handed_out_escaped(studio: Studio):
    for node, payload in enumerate(PAYLOADS):
        query = urlencode({"run": "hostile", "tree": content_hash("hostile"), "node": node})
        status, headers, said = ask(studio, f"/journey/step?{query}")
        assert status == 200, payload
        assert headers["x-content-type-options"] == "nosniff"
        assert all(f"<{tag}" not in said.lower() for tag in ("script", "img", "svg", "iframe", "style", "form"))


@pytest.mark.parametrize(
    "query",
    ["", "run=small&tree=x&node=0", "run=../small&tree=x&node=0", "run=hostile&tree={tree}&node=-1",
     "run=hostile&tree={tree}&node=99999", "run=hostile&tree={tree}&node=" + "9" * 400,
     "run=hostile&tree={tree}&node=1e3"],
)  # fmt: skip
def test_a_step_that_is_not_there_is_said(studio: Studio, query: str):
    status, _, said = ask(studio, f"/journey/step?{query.format(tree=content_hash('hostile'))}")
    assert (status, said) == (404, "There is no such step.")


def test_the_filtered_rows_come_as_json_lines(studio: Studio):
    status, headers, said = ask(studio, "/journey/rows.jsonl?run=small&page=attempts&outcome=right&sort=letters&down=1")
    assert status == 200
    assert 'filename="attempts.jsonl"' in headers["content-disposition"]
    rows = [json.loads(line) for line in said.splitlines()]
    assert len(rows) == 3
    assert all(row["correct"] for row in rows)
    assert ask(studio, "/journey/rows.jsonl?run=small&page=calls")[0] == 404
    assert ask(studio, "/journey/rows.jsonl?run=..&page=attempts")[0] == 404


def test_nothing_can_be_posted_to_our_addresses(studio: Studio):
    connection = HTTPConnection(urlsplit(studio.address).netloc, timeout=600)
    connection.request("POST", "/journey/step", body="x")
    assert connection.getresponse().status == 405
    connection.close()


def view(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "journey", "view", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_a_wrong_run_or_a_taken_port_is_one_sentence(studio: Studio, tmp_path: Path):
    wrong = view(str(tmp_path / "nothing"))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "There is no run in" in wrong.stderr
    assert wrong.stderr.count("\n") == 1
    taken = view(str(studio.folder / "small"), "--port", str(urlsplit(studio.address).port))
    assert taken.returncode == 2
    assert "is taken" in taken.stderr
    assert taken.stderr.count("\n") == 1


def test_files_beside_the_runs_of_a_sweep_are_left_out(studio: Studio, tmp_path: Path):
    table = tmp_path / "scaling.json"
    table.write_text("{}", "utf-8")
    small = studio.folder / "small"
    served: list[object] = []
    check([table, small])
    assert serve_view([table, small], 0, False, lambda runs, port, ready: served.extend(runs)) == 0
    assert served == [small]
    with pytest.raises(UsageError, match="There is no run"):
        check([table])
    with pytest.raises(UsageError, match="There is no run"):
        check([small, tmp_path])


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_an_interrupt_ends_it_quietly(studio: Studio):
    command = [sys.executable, "-m", "journey", "view", str(studio.folder / "small"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("the studio: http://127.0.0.1:")
        server.send_signal(signal.SIGINT)
        said, complained = server.communicate(timeout=600)
        assert (server.returncode, said.strip(), complained) == (0, "", "")


def test_without_streamlit_the_command_says_how_to_get_it(studio: Studio):
    script = (
        "import sys; sys.modules['streamlit'] = None\n"
        "from journey.__main__ import main\n"
        f"main(['view', {str(studio.folder / 'small')!r}])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600)
    assert said.returncode == 2
    assert "pip install 'journey-learning[studio]'" in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_problems_pictures_are_handed_out_by_their_names_and_nothing_else_is(studio: Studio):
    with Run.read(studio.folder / "small") as run:
        names = next(problem.images for problem in run.problems() if problem.images)
    for name, media in zip(names, ("image/png", "image/webp"), strict=True):
        status, headers, _ = ask(studio, f"/journey/picture/{name}")
        assert (status, headers["content-type"]) == (200, media)
        assert (
            headers["x-content-type-options"] == "nosniff"
            and "default-src 'none'" in headers["content-security-policy"]
        )
        assert ask(studio, f"/journey/picture/{name}", Host="evil.example")[0] == 403
    (studio.folder / "small" / "images" / f"{'a' * 64}.svg").write_text("<svg/>")
    for name in ("a" * 64, "b" * 64, names[0].upper(), "run.db", f"{names[0]}.png"):
        assert ask(studio, f"/journey/picture/{name}")[0] == 404, name
