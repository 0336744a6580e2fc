"""Each run's tally, told in the summary at the end."""

import pytest

from tests.random_networks.agreement import Tally

_TALLIES: list[Tally] = []


@pytest.fixture
def tally() -> Tally:
    _TALLIES.append(Tally())
    return _TALLIES[-1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for tally in _TALLIES:
        terminalreporter.write_line(str(tally))
