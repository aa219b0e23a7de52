"""A headless chromium, and waiting for what a page shows."""

import json
import shutil
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

Browser = webdriver.Chrome
NAMES = ("chromium", "chromium-browser", "google-chrome")


def programs() -> tuple[str, str] | None:
    """Where the browser and its driver lie; null where they are not installed."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (program, driver) if program and driver else None


def start(program: str, driver: str, dark: bool = False, width: int = 1440, height: int = 900) -> Browser:
    """A browser that keeps a log of every request."""
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking",
                 "--disable-component-update", "--no-first-run", f"--window-size={width},{height}"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    browser.set_script_timeout(600)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    return browser


def until(browser: Browser, deed: Callable[[], Any], what: str, seconds: float = 300) -> Any:
    """Waits for something to be so; its value."""
    waiting = WebDriverWait(browser, seconds, 0.03, ignored_exceptions=[StaleElementReferenceException])
    return waiting.until(lambda _: deed(), what)


def shown(browser: Browser, css: str, words: str = "") -> Any:
    """Waits for an element that is shown (and says these words)."""

    def found() -> Any:
        elements = browser.find_elements(By.CSS_SELECTOR, css)
        said = "return arguments[0].textContent"
        return next((e for e in elements if words in browser.execute_script(said, e)), None)

    return until(browser, found, f"no {css} that says {words!r}")


def open_at(browser: Browser, address: str, css: str, words: str = "") -> Any:
    """Opens a page and waits for an element."""
    browser.get(address)
    return shown(browser, css, words)


def click_node(browser: Browser, node: int) -> None:
    """A real click of the mouse on a step's dot, where it stands in the window."""
    dot = shown(browser, f'.tree-box [data-node="{node}"] .knot')
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", dot)
    ActionChains(browser).move_to_element(dot).click().perform()


def shown_nodes(browser: Browser) -> list[int]:
    """The steps that the picture shows."""
    script = "return [...document.querySelectorAll('.tree-box .spot')].map((e) => Number(e.dataset.node))"
    return [node for node in browser.execute_script(script) if node >= 0]


def requests(browser: Browser) -> list[str]:
    """The addresses that were asked for since the log was last read, those within the page itself left out."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        match message["method"]:
            case "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
            case "Network.webSocketCreated":
                found.append(message["params"]["url"])
    return [url for url in found if urlsplit(url).scheme not in ("data", "blob", "about", "chrome")]
