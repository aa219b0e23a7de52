"""A studio of its own and a headless chromium that looks at it, for measuring and for pictures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bench  # noqa: F401  (through it the tests' browser is found)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from studio.browser import Browser, programs, start
from studio.conftest import serving


class Page:
    def __init__(self, address: str, browser: Browser) -> None:
        self.address, self.browser = address, browser

    def wait(self, script: str) -> None:
        """Until the script says true."""
        end = time.perf_counter() + 60
        while not self.browser.execute_script(f"return {script}"):
            assert time.perf_counter() < end, script
            time.sleep(0.005)

    def paint(self, query: str, script: str) -> float:
        """Seconds from asking for the address until the script says true."""
        started = time.perf_counter()
        self.browser.get(f"{self.address}/{query}")
        self.wait(script)
        return time.perf_counter() - started

    def click(self, node: int) -> float:
        """Seconds from a real click on the step's dot until it stands there in full."""
        dot = self.browser.find_element(By.CSS_SELECTOR, f'.spot[data-node="{node}"] .knot')
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", dot)
        started = time.perf_counter()
        ActionChains(self.browser, duration=0).move_to_element(dot).click().perform()
        self.wait(f"document.querySelector('.step-box').dataset.node == '{node}'")
        return time.perf_counter() - started


@contextmanager
def opened(runs: list[Path], dark: bool = False) -> Iterator[Page | None]:
    """The studio on these runs in a browser; null where no chromium with chromedriver is installed."""
    found = programs()
    if found is None:
        yield None
        return
    with serving(runs) as address:
        browser = start(*found, dark)
        try:
            yield Page(address, browser)
        finally:
            browser.quit()
