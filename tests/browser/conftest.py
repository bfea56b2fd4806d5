"""A Chromium of the system's own, and pages that complain of nothing and ask for nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.assemble import html

from .samples import DIGEST

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

ROOT = Path(__file__).resolve().parents[2]

Open = Callable[..., Any]


# While Playwright runs, no event loop can in this thread, and the tests of other folders need theirs.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """One browser for all tests of this folder in a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the dependency group browser")
    if CHROMIUM is None:
        pytest.skip("needs Chromium, as chromium on the path")
    with playwright.sync_playwright() as running:
        # Without its sandbox it runs for any user, root in a container too; it opens nothing but these pages.
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The rules of axe-core, as npm installs them."""
    own = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    path = Path(os.environ.get("AXE_CORE", own))
    if not path.is_file():
        pytest.skip("needs axe-core: npm install axe-core, or AXE_CORE with the path of axe.min.js")
    return path.read_text("utf-8")


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of `DIGEST`."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(html(DIGEST), "utf-8")
    return path


@pytest.fixture
def reading(chromium: Any, file: Path) -> Iterator[Open]:
    """Open a page as one reader, in windows that share what is kept; ends if one complains or asks for anything."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def watched(page: Any) -> None:
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if _goes_out(asked.url) else None)

    def opened(url: str | None = None, **options: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.on("page", watched)
        page = context.new_page()
        page.goto(url or file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _goes_out(url: str) -> bool:
    # A site is served on loopback by the test itself.
    return not url.startswith(("file:", "data:", "http://127.0.0.1:"))
