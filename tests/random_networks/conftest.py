"""Each run's tally, told in the summary at the end."""

from collections.abc import Callable, Iterator

import pytest

from tests.random_networks.agreement import Tally


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """What the test has seen; its report carries it, from another process as well."""
    tally = Tally()
    yield tally
    record_property("tally", str(tally))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports(""):  # After the test: the fixture's end is told.
        for name, value in getattr(report, "user_properties", ()):
            if name == "tally":
                terminalreporter.write_line(value)
