import pytest

from experiments.citations import SOURCES, cited, linked


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("Source A's loops; eq. (1) of source A", "A"),
        ("the loops of sources A and B", "AB"),
        ("sources B, D and E; not C", "BDE"),
        ("every number printed in sources A to E", "ABCDE"),
        ("source E, exercise 5-7, and source C", "CE"),
        ("resource A, source Adam, source F, the source", ""),
    ],
)
def test_the_sources_that_a_text_cites(text: str, letters: str) -> None:
    assert cited(text) == list(letters)


def test_every_citation_leads_to_its_source() -> None:
    assert linked("sources A and B, eq. (1) of A") == (
        'sources <a href="#source-A">A</a> and <a href="#source-B">B</a>, eq. (1) of A'
    )
    assert linked("a resource A") == "a resource A"


def test_the_five_sources_have_equations_with_labels_of_their_own() -> None:
    assert "".join(source.letter for source in SOURCES) == "ABCDE"
    for source in SOURCES:
        labels = [equation.label for equation in source.equations]
        assert len(set(labels)) == len(labels) > 0
