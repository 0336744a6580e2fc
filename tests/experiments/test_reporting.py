import re
import struct
from pathlib import Path

import pandas as pd
import pytest

from experiments.provenance import record
from experiments.reporting import write_report
from experiments.results import ResultsError, write_study
from experiments.study import Findings, Table, discover, rounding, timing
from tests.experiments.helpers import STUDY, TOYS, context, run_all


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "quick"
    run_all(discover(TOYS), folder)
    write_report(folder, discover(TOYS))
    return folder


def test_the_page_is_self_contained(root: Path) -> None:
    html = (root / "report.html").read_text()
    assert html.count("data:image/png;base64,") == 3
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)(?![\w]+/[\w]+\.csv)[^"']*""", html)
    assert "@import" not in html
    assert "<script" not in html
    assert len(html) < 1_000_000


def test_sections_come_in_order_with_question_method_findings_and_reproduce_line(
    root: Path,
) -> None:
    html = (root / "report.html").read_text()
    assert re.findall(r'<section id="([\w-]+)">', html) == ["layers", "curves", "sources-a-to-e"]
    for study in discover(TOYS):
        body = html[html.index(f'<section id="{study.name}">') :]
        assert study.method.replace("'", "&#39;") in body
        assert f"<code>convtwin reproduce {study.name}</code>" in body
    assert "signs_deep reaches 0.9667 on the test photographs, and the twins disagree on 1" in html
    assert '<td class="n">98,918</td>' in html
    assert "python 3." in html
    assert "1080 training photographs." in html


def test_text_is_escaped_in_both_forms(root: Path) -> None:
    html, markdown = (root / "report.html").read_text(), (root / "README.md").read_text()
    assert "&lt;forward&gt; &amp; backward?" in html
    assert "<b>ReLU" not in html
    assert 'alt="Bars, all &#34;below&#34; one."' in html
    assert r"2,048 \| \<b\>ReLU" in markdown


def test_cited_sources_are_linked_both_ways(tmp_path: Path, package) -> None:
    package(toy=STUDY.replace("By looking.", "By equation (1) of source A, <as printed>."))
    run_all(discover(), tmp_path)
    html = write_report(tmp_path, discover()).read_text()
    assert 'of source <a href="#source-A">A</a>, &lt;as printed&gt;.' in html
    assert re.findall(r"Cited in: \s*<a href=\"#(\w+)\">(\w+)</a>", html) == [("toy", "Toy")]
    at = [html.index(f'id="source-{letter}"') for letter in "AB"]
    assert at[0] < html.index("Cited in") < at[1]


def test_long_tables_show_their_first_rows_and_the_rest_on_demand(root: Path) -> None:
    html, markdown = (root / "report.html").read_text(), (root / "README.md").read_text()
    assert "<summary>Show all 120 rows</summary>" in html
    assert "The first 8 of 120 rows; all are in [curves/steps.csv](curves/steps.csv)." in markdown


def test_very_long_tables_are_cut_and_say_so(tmp_path: Path, package) -> None:
    package(toy=STUDY)
    frame = pd.DataFrame({"a": range(1234), "b": 0.0, "seconds": 0.0})
    table = Table("t", "T", frame, {"b": rounding(1e-6, 1e-9), "seconds": timing()})
    write_study(tmp_path, "toy", Findings([table]), record("toy", context(), 1.0))
    html = write_report(tmp_path, discover()).read_text()
    assert "Show the first 300 of 1,234 rows" in html
    assert '<td class="n">299</td>' in html
    assert '<td class="n">300</td>' not in html
    assert (
        "Exact when run again: a · Within 1e-6 of the value + 1e-9: b · "
        "This machine&#39;s timing: seconds"
    ) in html


def test_the_readme_links_files_that_are_there_and_its_tables_are_tables(root: Path) -> None:
    markdown = (root / "README.md").read_text()
    links = re.findall(r"\]\(([^)#]+)\)", markdown)
    assert len(links) == 5
    assert all((root / link).is_file() for link in links)
    anchors = re.findall(r"\]\(#(\w+)\)", markdown)
    assert anchors == ["layers", "curves"]
    assert all(f'<a id="{anchor}">' in markdown for anchor in anchors)
    for block in re.split(r"\n\s*\n", markdown):
        if block.startswith("|"):
            lines = block.strip().splitlines()
            pipes = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
            assert len(pipes) == 1
            assert re.fullmatch(r"\|( -{3}:? \|)+", lines[1])


def test_synthetic_data_are_named_on_every_table_and_page(tmp_path: Path, root: Path) -> None:
    run_all(discover(TOYS), tmp_path, synthetic=True)
    write_report(tmp_path, discover(TOYS))
    html, markdown = (tmp_path / "report.html").read_text(), (tmp_path / "README.md").read_text()
    assert "<strong>Synthetic data.</strong>" in html
    assert html.count("(synthetic data)</h3>") == markdown.count("** (synthetic data)") == 3
    assert html.count("(Synthetic data.)</figcaption>") == 3
    assert "> **Synthetic data.**" in markdown
    assert "ynthetic" not in (root / "report.html").read_text()


def test_figures_are_150_dots_an_inch(root: Path) -> None:
    header = (root / "curves" / "curves.png").read_bytes()[:24]
    assert struct.unpack(">II", header[16:]) == (1050, 540)


def test_results_of_no_study_and_tables_of_another_form_are_told(tmp_path: Path, package) -> None:
    package(toy=STUDY)
    frame = pd.DataFrame({"other": [1]})
    folder = write_study(
        tmp_path, "toy", Findings([Table("t", "T", frame)]), record("toy", context(), 1.0)
    )
    with pytest.raises(ResultsError, match=r"findings of 'toy' cannot be told .* again"):
        write_report(tmp_path, discover())
    folder.rename(tmp_path / "gone")
    with pytest.raises(ResultsError, match="gone belongs to no study; remove the folder"):
        write_report(tmp_path, discover())
    assert not (tmp_path / "report.html").exists()
