"""Memory that arrays gave back is used again."""

import os
import resource
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
{first}
def fault():
    for _ in range(5):
        arrays = [np.ones(2**20, np.float32) for _ in range(12)]
        del arrays
fault()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
fault()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

FRESH = 5 * 12 * 2**22 // resource.getpagesize() // 2  # half of what was used


def faults(first, **environment):
    kept = {name: v for name, v in os.environ.items() if not name.startswith("MALLOC_")}
    run = subprocess.run(
        [sys.executable, "-c", FAULTS.format(first=first)],
        env={**kept, "NUMPY_MADVISE_HUGEPAGE": "0", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_arrays_do_not_fault_their_pages_in_again():
    assert faults("") > FRESH
    assert faults("import scratch") < 100


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_the_environment_has_the_last_word():
    assert faults("import scratch", MALLOC_TRIM_THRESHOLD_="131072") > FRESH
