"""F11: a canary key in the environment. Does it reach any file, any output, in any form?

`journey` runs recipes/math_server.yaml against a good server and against servers that hand the key back in every way
(error bodies, redirects, finish reasons, answers; plain, masked, quoted, as Base64, ...), always and now and then, and
is then asked for status; with the good server also for a dry run, report, export and doctor, and with the key in a
setting where a name belongs. Looked through for the key and its halves: standard output and error, and the bytes of
every file in the folder that all of it ran in, SQLite's and its log's included.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import ROOT, Result, run, table
from leaks import CANARY, Leaky, forms, leaks_in, leaks_under, servers, settings
from player import answer, rows
from served import served

RECIPES = ROOT / "recipes"
WELL = Leaky("a good server", lambda asked: None)


def commands(out: Path, given: list[str], *, whole: bool) -> list[list[str]]:
    """What is asked of journey with one server; the `whole` of it only with the good one."""
    run = ["run", str(RECIPES / "math_server.yaml"), "--out", str(out), "--limit", "3", *given]
    few = [run, ["status", str(out)]]
    if not whole:
        return few
    more = [["export", str(out), what, "--to", str(out.parent / f"{what}.jsonl")] for what in ("trees", "thoughts")]
    return [
        [*run, "--dry-run"], *few, [*run, "--json"], ["status", str(out), "--json"], ["report", str(out)],
        ["report", str(out), "--json"], *more, ["doctor"], ["doctor", "--json"], ["status", str(out.parent / "no")],
        [*run, "--set", f"servers.openai.key_variable={CANARY}"], [*run, "--set", "servers.openai.nothing=1"],
    ]  # fmt: skip


def tried(server: Leaky, folder: Path) -> dict:
    """All commands with one server: their exit codes and what leaked."""
    folder.mkdir()
    problems = folder / "sums.jsonl"
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows(3)), encoding="utf-8")
    environment = os.environ | {"OPENAI_API_KEY": CANARY, "HOME": str(folder), "PYTHONFAULTHANDLER": "1"}
    environment = {name: value for name, value in environment.items() if not name.startswith("JOURNEY_")}
    codes, found, size = [], [], 0
    with served(answer, server.plan) as at:
        for command in commands(folder / "run", settings(at.url, problems), whole=server is WELL):
            # The key in an argument is the user's own doing; it is looked for in what comes of it all the same.
            said = subprocess.run(
                [sys.executable, "-m", "journey", *command],
                env=environment,
                cwd=folder,
                capture_output=True,
                timeout=300,
            )
            codes.append(said.returncode)
            size += len(said.stdout + said.stderr)
            for stream, data in (("stdout", said.stdout), ("stderr", said.stderr)):
                found += [f"{command[0]}, {stream}: {form}" for form in leaks_in(data)]
        asked = len(at.asked)
        with_key = sum(one.headers.get("authorization") == f"Bearer {CANARY}" for one in at.asked)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        "server": server.name, "codes": codes, "requests": asked, "with_key": with_key, "files": len(files),
        "bytes": size + sum(path.stat().st_size for path in files), "leaks": found + leaks_under(folder),
    }  # fmt: skip


def secrets(options: Namespace) -> Result:
    wanted = [WELL, *servers()]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda at: tried(at[1], Path(folder) / str(at[0])), enumerate(wanted)))
    leaks = [f"{row['server']}: {leak}" for row in found for leak in row["leaks"]]
    # A server that never saw the key could not leak it, and a command that crashed looked for nothing.
    idle = [row["server"] for row in found if row["with_key"] == 0 or row["with_key"] != row["requests"]]
    crashed = [row["server"] for row in found if any(code not in (0, 1, 2, 3) for code in row["codes"])]
    figures = {
        "servers": len(found), "forms": len(forms(CANARY)), "commands": sum(len(row["codes"]) for row in found),
        "files": sum(row["files"] for row in found), "bytes": sum(row["bytes"] for row in found),
        "leaks": leaks, "idle": idle, "crashed": crashed,
    }  # fmt: skip
    shown = table(
        "A key in the environment", ("the server", "requests", "exit codes", "files", "kB", "leaks"),
        [(row["server"], row["requests"], " ".join(map(str, row["codes"])), row["files"], row["bytes"] // 1000,
          len(row["leaks"])) for row in found],
    )  # fmt: skip
    told = f"servers that were not asked with the key: {idle}; crashed: {crashed}"
    return Result(figures, not leaks and not idle and not crashed, "", [shown, *leaks, told])


if __name__ == "__main__":
    run("F11", __doc__, secrets)
