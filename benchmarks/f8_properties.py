"""F8: the properties of trees, traversal, steps, store and rows, each tried on many examples that hypothesis draws.

The properties are those of the tests; here they get other examples in every run, and more of them: 10,000 each with
`--long`. A property that fails prints the smallest example that hypothesis found.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from argparse import Namespace
from pathlib import Path

import bench
from bench import ROOT, Result

ROOMS = {
    "trees": ["tests/trees"],
    "traversal": ["tests/thoughts/test_traverse.py", "tests/thoughts/test_draft.py", "tests/thoughts/test_shortcut.py"],
    "steps": ["tests/tasks/test_steps.py"],
    "store": ["tests/store"],
    "rows": ["tests/training/test_rows.py", "tests/training/test_step_rows.py", "tests/training/test_order.py"],
}


def properties(options: Namespace) -> Result:
    examples = options.examples or (10_000 if options.long else 100)
    rooms = {name: files for name, files in ROOMS.items() if options.room in (None, name)}
    files = [file for room in rooms.values() for file in room]
    seed = int.from_bytes(os.urandom(3)) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        given = ["-m", "hypothesis", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}", f"--junitxml={results}"]
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment |= {"JOURNEY_EXAMPLES": str(examples), "HYPOTHESIS_STORAGE_DIRECTORY": folder}
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *given, *files], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        cases = list(xml.etree.ElementTree.parse(results).iter("testcase"))
    # A property of several kinds (of steps, say) counts once.
    known = {(case.get("classname"), re.sub(r"\[.*", "", case.get("name", ""))) for case in cases}
    failed = [case.get("name", "") for case in cases if len(case)]
    figures: dict[str, object] = {"seed": seed, "which failed": failed, "properties": len(known)}
    figures |= {"examples of each": examples, "failed": len(failed)}
    for room, files in rooms.items():
        of = tuple(file.removesuffix(".py").replace("/", ".") for file in files)
        figures[f"properties of {room}"] = sum(str(module).startswith(of) for module, _ in known)
    if failed or ran.returncode or not known:
        print(ran.stdout[-5000:], file=sys.stderr)
        return Result(figures, False)
    if examples < 10_000 or options.room is not None:
        return Result(figures, None, "the row wants 10,000 examples each of all: --long, and no --room")
    return Result(figures, len(known) >= 20)


if __name__ == "__main__":
    bench.run(
        "F8", __doc__, properties,
        bench.flag("--examples", type=int, help="of each property; 10,000 with --long, else 100"),
        bench.flag("--room", choices=ROOMS, help="the properties of one room alone"),
        bench.flag("--seed", type=int, help="of the examples, to see the same ones again"),
    )  # fmt: skip
