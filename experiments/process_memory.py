"""How much of the machine's memory this process has held at most.

This module imports nothing heavy: what it imports would count.
"""

from __future__ import annotations

import resource
from pathlib import Path

_KIB = 2**10


def peak_bytes() -> int:
    """The most that this process has held, whatever it was that held it.

    Linux' `ru_maxrss` would begin with what the process that started this one has held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * _KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
