"""The report in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.reporting import write_report
from experiments.study import discover
from tests.experiments.helpers import TOYS, run_all

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("results") / "quick"
    run_all(discover(TOYS), folder)
    return write_report(folder, discover(TOYS)).as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium on the PATH")
    with playwright.sync_playwright() as tools:
        yield tools.chromium.launch(executable_path=chromium, args=FLAGS)


@pytest.fixture(params=[400, 1280], ids=["phone", "desk"])
def page(browser, report: str, request: pytest.FixtureRequest) -> Iterator[object]:
    page = browser.new_page(viewport={"width": request.param, "height": 800})
    page.messages, page.requests = [], []
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(report)
    yield page
    page.close()


def test_no_message_on_the_console_and_no_request_but_the_page(page, report: str) -> None:
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith("data:")] == [report]


def test_the_page_does_not_scroll_sideways_even_with_everything_open(page) -> None:
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_wide_tables_scroll_inside_their_box(page) -> None:
    box = page.locator("#layers .box").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.evaluate("box => { box.scrollLeft = 50 }")
    assert box.evaluate("box => box.scrollLeft") == 50


def test_every_figure_is_drawn_and_has_an_alternative_text_and_a_caption(page) -> None:
    images = page.eval_on_selector_all("img", "all => all.map(i => [i.naturalWidth, i.alt.trim()])")
    assert len(images) == 3
    assert all(width > 0 and alt for width, alt in images)
    assert page.locator("figure figcaption").count() == 3


def test_links_resolve(page, report: str) -> None:
    links = page.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href'))")
    assert {"#layers", "#curves", "#top", "layers/layers.csv"} <= set(links)
    for link in set(links):
        if link.startswith("#"):
            assert page.locator(f"[id='{link[1:]}']").count() == 1
        else:
            assert (Path(report.removeprefix("file://")).parent / link).is_file()


def test_contents_lead_to_the_sections(page) -> None:
    page.click("nav a[href='#curves']")
    assert 0 <= page.locator("section#curves").bounding_box()["y"] < 100


def test_print_shows_everything_within_the_paper(page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def test_dark_readers_get_a_dark_page(page) -> None:
    page.emulate_media(color_scheme="dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(20, 24, 28)"
