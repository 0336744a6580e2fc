"""Reports in a real browser: one of toy studies, and those that are committed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.reporting import write_report
from experiments.study import discover
from tests.experiments.helpers import TOYS, run_all

pytestmark = pytest.mark.browser

RESULTS = Path(__file__).parents[2] / "results"
WIDTHS = {"phone": 400, "desk": 1280}
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def toy_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "quick"
    run_all(discover(TOYS), folder)
    return write_report(folder, discover(TOYS))


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium on the PATH")
    with playwright.sync_playwright() as tools:
        yield tools.chromium.launch(executable_path=chromium, args=FLAGS)


def opened(browser, report: Path, width: int) -> Iterator[object]:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.messages, page.requests = [], []
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(report.as_uri())
    page.file = report
    yield page
    page.close()


@pytest.fixture(params=["toys", "quick", "full"], scope="module")
def report(toy_report: Path, request: pytest.FixtureRequest) -> Path:
    return toy_report if request.param == "toys" else RESULTS / request.param / "report.html"


@pytest.fixture(params=WIDTHS, scope="module")
def opened_page(browser, report: Path, request: pytest.FixtureRequest) -> Iterator[object]:
    """A page of some megabytes: opened once for all tests."""
    yield from opened(browser, report, WIDTHS[request.param])


@pytest.fixture
def page(opened_page) -> Iterator[object]:
    """The page as it was opened; afterwards it is so again."""
    size = opened_page.viewport_size
    yield opened_page
    opened_page.emulate_media(media="screen")
    opened_page.set_viewport_size(size)
    opened_page.eval_on_selector_all("details", "all => all.forEach(one => one.open = false)")


@pytest.fixture(params=WIDTHS)
def toy_page(browser, toy_report: Path, request: pytest.FixtureRequest) -> Iterator[object]:
    yield from opened(browser, toy_report, WIDTHS[request.param])


def test_no_message_on_the_console_and_no_request_but_the_page(page) -> None:
    assert page.messages == []
    urls = [url for url in page.requests if not url.startswith("data:")]
    assert urls == [page.file.as_uri()]


def test_the_page_does_not_scroll_sideways_even_with_everything_open(page) -> None:
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_every_figure_is_drawn_and_has_an_alternative_text_and_a_caption(page) -> None:
    images = page.eval_on_selector_all("img", "all => all.map(i => [i.naturalWidth, i.alt.trim()])")
    drawn = len(list(page.file.parent.glob("*/*.png")))
    assert len(images) == page.locator("figure figcaption").count() == drawn > 0
    assert all(width > 0 and alt for width, alt in images)


def test_links_resolve(page) -> None:
    links = page.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href'))")
    tables = {str(path.relative_to(page.file.parent)) for path in page.file.parent.glob("*/*.csv")}
    assert tables | {"#top", "#sources-a-to-e"} <= set(links)
    for link in set(links):
        if link.startswith("#"):
            assert page.locator(f"[id='{link[1:]}']").count() == 1
        else:
            assert link in tables


def test_the_contents_list_every_section_in_order(page) -> None:
    listed = page.eval_on_selector_all("nav a", "all => all.map(a => a.hash.slice(1))")
    sections = page.eval_on_selector_all("main > section", "all => all.map(s => s.id)")
    assert listed == sections
    assert len(sections) > 2


def test_print_shows_everything_within_the_paper(page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def test_contents_lead_to_the_sections(toy_page) -> None:
    toy_page.click("nav a[href='#curves']")
    assert 0 <= toy_page.locator("section#curves").bounding_box()["y"] < 100


def test_wide_tables_scroll_inside_their_box(toy_page) -> None:
    box = toy_page.locator("#layers .box").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.evaluate("box => { box.scrollLeft = 50 }")
    assert box.evaluate("box => box.scrollLeft") == 50


def test_dark_readers_get_a_dark_page(toy_page) -> None:
    toy_page.emulate_media(color_scheme="dark")
    background = toy_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(20, 24, 28)"
