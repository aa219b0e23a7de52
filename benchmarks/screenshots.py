"""The studio's pages as pictures: docs/pictures/studio-NAME.png and studio-NAME-dark.png.

make screenshots, or screenshots.py RUN [RUN ...] [--to FOLDER]: the pages of the first run (with the others beside it).
The tree is that of the thought with the most side trips; the failed one the first problem without a right answer.
"""

import argparse
import time
from pathlib import Path

from PIL import Image
from studio_page import Page, can_look

from journey.studio.list_page import asked
from journey.studio.reading import Lists, lists_of

WIDTH, HEIGHT = 1440, 900
DRAWN = "!!document.querySelector('.step-box[data-node]')"
ROWS = "document.querySelectorAll('a.row').length > 0"


def first(lists: Lists, **where: str) -> str | None:
    """The id of the first record of a list, null where it is empty."""
    return next(iter(lists.ids(asked(where))), None)


def pages(lists: Lists) -> dict[str, tuple[str, str]]:
    """Address and what must stand on the page, by the picture's name; those that the run has."""
    found = {"overview": ("", "!!document.querySelector('.tile')")}
    for table in ("problems", "thoughts", "attempts"):
        if first(lists, page=table):
            found[table] = (f"&page={table}", ROWS)
    told = lists.page(asked({"page": "thoughts", "sort": "trials", "down": "1", "most_letters": "6000"}), 0, 1)
    if told and told[0]["tree"]:
        found["tree"] = (f"&page=tree&id={told[0]['tree']}&thought={told[0]['id']}", DRAWN)
    failed = first(lists, page="trees", outcome="wrong")
    if failed:
        found["failed"] = (f"&page=tree&id={failed}", DRAWN)
        found["label"] = (f"&page=label&by=Ada&item=node:{failed}:1", "!!document.querySelector('.labelled')")
    attempt = first(lists, page="attempts", sort="tokens", down="1")
    if attempt:
        found["attempt"] = (f"&page=attempt&id={attempt}", "!!document.querySelector('.thought')")
    return found


def main() -> None:
    """Starts a studio, looks, and writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[1] / "docs" / "pictures")
    given = parser.parse_args()
    if not can_look():
        raise SystemExit("screenshots need chromium with chromedriver: apt-get install chromium chromium-driver")
    given.to.mkdir(parents=True, exist_ok=True)
    page = Page(given.runs)
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for ending, is_dark in (("", False), ("-dark", True)):
            page.dark(is_dark)
            for name, (query, script) in pages(lists_of(given.runs[0])).items():
                page.paint(f"?run={given.runs[0].name}{query}", script)
                page.wait("document.fonts.status == 'loaded'")
                time.sleep(0.6)  # Streamlit fades its widgets in
                file = given.to / f"studio-{name}{ending}.png"
                page.browser.save_screenshot(str(file))
                Image.open(file).quantize(256, method=Image.Quantize.MEDIANCUT).save(file, optimize=True)
                print(file)
    finally:
        page.close()


if __name__ == "__main__":
    main()
