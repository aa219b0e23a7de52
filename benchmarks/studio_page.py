"""A studio of its own and a headless chromium that looks at it, for measuring and for pictures."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
DRIVER = shutil.which("chromedriver") or ""


def can_look() -> bool:
    return bool(CHROMIUM and DRIVER)


class Page:
    def __init__(self, runs: list[Path]) -> None:
        command = [sys.executable, "-m", "journey", "view", *map(str, runs), "--port", "0"]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._server.stdout is not None
        self.address = self._server.stdout.readline().split()[2]
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1440,900"):
            options.add_argument(flag)
        self.browser = webdriver.Chrome(options=options, service=Service(DRIVER))

    def close(self) -> None:
        self.browser.quit()
        self._server.terminate()
        self._server.wait()

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

    def dark(self, is_dark: bool) -> None:
        """Asks for dark or light pages from now on."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
