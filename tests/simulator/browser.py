"""A headless Chromium driven over the WebDriver protocol, for tests that look at pages."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

MISSING = next(
    (
        f"the program {name} is not installed"
        for name in ("chromium", "chromedriver")
        if not shutil.which(name)
    ),
    "",
)
"""Why there is no browser here; empty when there is one."""

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 15.0
LOOKS_AGAIN_AFTER = 0.05
STARTS = 5
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class NeverHappened(AssertionError):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One window. Everything is found by CSS, or by the words on it."""

    http: aiohttp.ClientSession
    session: str

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """One WebDriver command."""
        send = body if method == "POST" else None
        async with self.http.request(method, f"{self.session}{path}", json=send) as response:
            answer = await response.json()
        value = answer["value"]
        if response.status >= 400:
            raise AssertionError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    async def open(self, url: str) -> None:
        """Go to a page."""
        await self.call("POST", "/url", url=url)

    async def run(self, script: str, *arguments: Any) -> Any:
        """The value of a JavaScript function body."""
        return await self.call("POST", "/execute/sync", script=script, args=list(arguments))

    async def wait(self, condition: str, *arguments: Any) -> Any:
        """Look until a JavaScript expression is true; its value.

        Raises:
            NeverHappened: after `PATIENCE` seconds.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            if value := await self.run(f"return {condition}", *arguments):
                return value
            await asyncio.sleep(LOOKS_AGAIN_AFTER)
        text = await self.run("return document.body.innerText")
        raise NeverHappened(f"{condition} {arguments}\n--- the page says ---\n{text}")

    async def see(self, words: str, within: str = "#phone") -> None:
        """Wait until these words can be read."""
        await self.wait(
            "document.querySelector(arguments[1])?.innerText.includes(arguments[0])", words, within
        )

    async def find(self, css: str) -> str:
        """An element, as soon as it is there."""
        element: dict[str, str] = await self.wait("document.querySelector(arguments[0])", css)
        return element[ELEMENT]

    async def press(self, words: str, within: str = "#phone") -> None:
        """Click the button, link or label with these words (or this accessible name)."""
        element = await self.wait(
            "[...document.querySelectorAll(`${arguments[1]} :is(button, a, label, summary)`)].find(e =>"
            " e.checkVisibility() && (e.getAttribute('aria-label') || e.innerText).includes(arguments[0]))",
            words,
            within,
        )
        await self.call("POST", f"/element/{element[ELEMENT]}/click")

    async def click(self, css: str) -> None:
        """Click an element."""
        await self.call("POST", f"/element/{await self.find(css)}/click")

    async def write(self, css: str, text: str) -> None:
        """Type into a field."""
        await self.call("POST", f"/element/{await self.find(css)}/value", text=text)

    async def keys(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self.call("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    async def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the page, and whether the person likes it dark. Nothing moves: clicks must hit."""
        await self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 900,
        )
        await self._devtools(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )

    async def _devtools(self, command: str, **parameters: Any) -> Any:
        return await self.call("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    async def picture(self) -> bytes:
        """What one sees, as PNG."""
        return base64.b64decode(await self.call("GET", "/screenshot"))

    async def complaints(self) -> list[str]:
        """What the browser's console complained about."""
        log = await self.call("POST", "/se/log", type="browser")
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Browser]:
    """A browser of its own, closed at the end."""
    driver, address = await _start()
    try:
        async with aiohttp.ClientSession(address) as http:
            browser = await _session(http, profile)
            try:
                yield browser
            finally:
                await browser.call("DELETE", "")
    finally:
        driver.terminate()
        await driver.wait()


async def _start() -> tuple[asyncio.subprocess.Process, str]:
    """A driver and its address. It ends at once when another program has the port it chose."""
    said = b""
    for _ in range(STARTS):
        driver = await asyncio.create_subprocess_exec(
            "chromedriver", "--port=0", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert driver.stdout is not None
        async for line in driver.stdout:
            said += line
            if b"started successfully on port" in line:
                return driver, f"http://127.0.0.1:{line.decode().split('port ')[1].strip().rstrip('.')}"
        await driver.wait()
    raise AssertionError(f"chromedriver did not start: {said.decode()}")


async def _session(http: aiohttp.ClientSession, profile: Path) -> Browser:
    options = {
        "binary": shutil.which("chromium"),
        "args": [*FLAGS, f"--user-data-dir={profile}"],
    }
    wish = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    async with http.post("/session", json={"capabilities": {"alwaysMatch": wish}}) as response:
        answer = await response.json()
    assert response.status == 200, answer["value"]["message"]
    return Browser(http, f"/session/{answer['value']['sessionId']}")
