"""Labels: what a label costs, how fast many are read, and whether any is lost when those who make them are killed.

Two processes label into one new labels.db at once and are killed with SIGKILL at a random moment, again and again;
a label counts as acknowledged once the process has said so. Then one process makes labels one after another.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from journey.store import labels
from journey.store.labels import Label

SAYING = """
import sys
from pathlib import Path
from journey.store import labels
node = 0
while True:
    labels.put(Path(sys.argv[1]), labels.Label("node", sys.argv[2], tree="t", node=node, verdict="wrong", judged=True))
    print(node, flush=True)
    node += 1
"""


def killed(folder: Path, draw: random.Random) -> tuple[int, int]:
    """Labels that were acknowledged before both were killed, and those of them that are not there afterwards."""
    folder.mkdir()
    names = ("ann", "bob")
    both = [
        subprocess.Popen([sys.executable, "-c", SAYING, folder, name], stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    for process in both:
        process.stdout.readline()
    time.sleep(draw.uniform(0, 0.2))
    for process in both:
        process.kill()
    said = {name: 1 + len(process.stdout.read().splitlines()) for name, process in zip(names, both, strict=True)}
    kept = {name: len(of) for name, of in labels.by_annotator(labels.history(folder)).items()}
    return sum(said.values()), sum(max(0, said[name] - kept.get(name, 0)) for name in names)


def cost(folder: Path, number: int) -> dict[str, float]:
    """Milliseconds a label, and seconds until that many are read."""
    folder.mkdir()
    begin = time.perf_counter()
    for node in range(number):
        labels.put(folder, Label("node", "ann", tree="t", node=node, verdict="right", judged=True, state="submitted"))
    made = time.perf_counter()
    assert len(labels.labels(folder)) == number
    read = time.perf_counter()
    assert len(labels.states(folder, "label", "ann")) == number
    return {
        "ms a label": round(1000 * (made - begin) / number, 2), "labels": number,
        "s to read them": round(read - made, 3), "s to count them": round(time.perf_counter() - read, 3),
    }  # fmt: skip


def main() -> None:
    """Prints the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        trials = [killed(Path(folder, str(trial)), draw) for trial in range(asked.kills)]
        figures = {
            "kills": 2 * asked.kills, "acknowledged": sum(said for said, _ in trials),
            "lost": sum(lost for _, lost in trials), "load": round(os.getloadavg()[0], 1),
            **cost(Path(folder, "cost"), asked.number),
        }  # fmt: skip
    if asked.json:
        print(json.dumps({"row": "labels", "reached": figures["lost"] == 0, "figures": figures}))
        return
    table = Table("", "", title="Labels", title_justify="left", show_header=False)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
