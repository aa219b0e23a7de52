"""The studio's pages as pictures: docs/pictures/studio-NAME.png and studio-NAME-dark.png.

make screenshots, or screenshots.py RUN [RUN ...] [--to FOLDER]: each page of the first run that has something for it.
The tree is that of the thought with the most side trips; the failed one the first problem without a right answer.
With --width 900 the window is as narrow, and the names end in -900.
"""

import argparse
import time
from pathlib import Path

from bench import ROOT
from PIL import Image
from studio_page import Page, opened

from journey.studio.list_page import filter_of
from journey.studio.reading import Lists, lists_of

WIDTH, HEIGHT = 1440, 900
DRAWN = "!!document.querySelector('.step-box[data-node]')"
ROWS = "document.querySelectorAll('a.row').length > 0"


def first(lists: Lists, **where: str) -> str | None:
    """The id of the first record of a list, null where it is empty."""
    return next(iter(lists.ids(filter_of(where))), None)


def pages(lists: Lists) -> dict[str, tuple[str, str]]:
    """Address and what must stand on the page, by the picture's name; those that the run has."""
    found = {"overview": ("", "!!document.querySelector('.tile')")}
    for table in ("problems", "thoughts", "attempts", "rollouts"):
        if first(lists, page=table):
            found[table] = (f"&page={table}", ROWS)
    if first(lists, page="thoughts", word="wait"):
        found["words"] = ("&page=thoughts&word=wait&sort=trials&down=1", "!!document.querySelector('mark')")
    told = lists.page(filter_of({"page": "thoughts", "sort": "trials", "down": "1", "most_letters": "6000"}), 0, 1)
    if told and told[0]["tree"]:
        found["tree"] = (f"&page=tree&id={told[0]['tree']}&thought={told[0]['id']}", DRAWN)
    failed = first(lists, page="trees", outcome="wrong")
    if failed:
        found["failed"] = (f"&page=tree&id={failed}", DRAWN)
    attempt = first(lists, page="attempts", sort="tokens", down="1")
    if attempt:
        found["attempt"] = (f"&page=attempt&id={attempt}", "!!document.querySelector('.thought')")
    rollout = first(lists, page="rollouts", way="recovers") or first(lists, page="rollouts")
    if rollout:
        found["learning"] = ("&page=learning", "!!document.querySelector('.charts svg')")
        found["rollout"] = (f"&page=rollout&id={rollout}", "!!document.querySelector('.over-time')")
    if any(round for round, _ in lists.values("thoughts", "round")):
        found["rounds"] = ("&page=rounds", "!!document.querySelector('.charts svg')")
    return found | compared(lists) | labelled(lists, failed)


def compared(lists: Lists) -> dict[str, tuple[str, str]]:
    """The pages that compare, where there is something to compare."""
    if len(lists.values("attempts", "model")) < 2:
        return {}
    found = {"compare": ("&page=compare", "!!document.querySelector('table.compare tr.other')")}
    found["curves"] = ("&page=compare&show=curves", "!!document.querySelector('.charts svg')")
    found["phrases"] = ("&page=compare&show=words", "!!document.querySelector('table.words')")
    if any(model == "seed-1/journey" for model, _ in lists.values("attempts", "model")):
        query = (
            "SELECT a.problem FROM attempts a JOIN attempts b USING (problem, decoding, sample) WHERE a.sample = 0"
            " AND a.decoding = 'sampled' AND a.split = 'test' AND a.model = 'seed-1/shortcut' AND b.model ="
            " 'seed-1/journey' AND a.outcome = 'wrong' AND b.outcome = 'right' ORDER BY b.letters DESC LIMIT 1"
        )
        for row in lists.figure(query):
            found["beside"] = (f"&page=compare&problem={row[0]}&seed=1", "!!document.querySelector('.beside ins')")
    return found


def labelled(lists: Lists, failed: str | None) -> dict[str, tuple[str, str]]:
    """The pages to label on; nothing is said on them."""
    found: dict[str, tuple[str, str]] = {}
    if failed:
        found["label"] = (f"&page=label&by=Ada&item=node:{failed}:1", "!!document.querySelector('.labelled')")
        found["label-tree"] = (f"&page=label&by=Ada&what=trees&item=tree:{failed}", DRAWN)
    if first(lists, page="thoughts"):
        rated = "!!document.querySelector('[data-testid=stButtonGroup]')"
        found["label-thought"] = ("&page=label&by=Ada&what=thoughts", rated)
    found["write"] = ("&page=label&by=Ada&what=write", "document.querySelectorAll('textarea').length > 0")
    return found


def take(page: Page, file: Path) -> None:
    page.browser.save_screenshot(str(file))
    few = Image.open(file).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE)
    few.save(file, optimize=True)  # a third of the size, and large areas keep their exact colour
    print(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--only", help="names of pages, with commas between")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    shown = {name: (run.name, *page) for run in reversed(given.runs) for name, page in pages(lists_of(run)).items()}
    width = "" if given.width == WIDTH else f"-{given.width}"
    for ending in ("", "-dark"):
        with opened(given.runs, dark=bool(ending)) as page:
            if page is None:
                raise SystemExit("screenshots need chromium and chromedriver: apt-get install chromium chromium-driver")
            metrics = {"width": given.width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
            page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            for name in given.only.split(",") if given.only else list(shown):
                run, query, script = shown[name]
                page.paint(f"?run={run}{query}", script)
                page.wait("document.fonts.status == 'loaded'")
                time.sleep(0.6)  # Streamlit fades its widgets in
                take(page, given.to / f"studio-{name}{width}{ending}.png")


if __name__ == "__main__":
    main()
