"""Work is shared out, errors come back, and BLAS has its threads again afterwards."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from scratch.functional.threads import (
    in_threads,
    one_blas_thread,
    slices,
    sum_in_threads,
    thread_count,
)
from tests.scratch.functional.oracles import assert_alike_on_any_threads


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    with threadpool_limits(request.param, user_api="blas"):
        yield request.param


@pytest.fixture
def two():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_every_part_is_worked_on_once(threads):
    done = np.zeros(50, int)

    def work(part):
        done[part] += 1

    in_threads(work, slices(50, 7))
    assert (done == 1).all()


def test_two_threads_work_at_once(two):
    """Each waits for the other: alone, neither would come to its end."""
    meeting = threading.Barrier(2, timeout=30)
    in_threads(lambda _: meeting.wait(), range(2))


def test_blas_has_one_thread_inside_and_its_own_again_after(threads):
    seen = []
    in_threads(lambda _: seen.append(thread_count()), range(4))
    assert seen == [1] * 4
    assert thread_count() == threads


def test_inner_calls_do_not_part_their_work(two):
    workers = []

    def work(_):
        mine = threading.get_ident()
        in_threads(lambda _: workers.append(threading.get_ident() == mine), range(5))

    in_threads(work, range(3))
    assert workers == [True] * 15


@pytest.mark.parametrize("failing", range(4))
def test_an_error_in_any_part_is_raised(threads, failing):
    def work(part):
        if part == failing:
            raise ArithmeticError(f"part {part}")

    with pytest.raises(ArithmeticError, match=f"part {failing}"):
        in_threads(work, range(4))
    assert thread_count() == threads


def test_errors_of_arithmetic_are_handled_as_the_caller_said(two):
    meeting = threading.Barrier(2, timeout=30)
    seen = []

    def work(_):
        meeting.wait()  # so that the other thread takes the other part
        seen.append(np.geterr()["over"])

    with np.errstate(over="ignore"):
        in_threads(work, range(2))
    assert seen == ["ignore"] * 2


def test_callers_at_the_same_time_leave_blas_as_it_was(two):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with one_blas_thread():
            inside.set()
            assert leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(hold)
        assert inside.wait(30)
        with one_blas_thread():
            pass
        assert thread_count() == 1  # the other still holds it
        leave.set()
        other.result()
    assert thread_count() == 2


def test_a_sum_is_in_one_order_on_any_number_of_threads():
    numbers = np.random.default_rng(0).standard_normal((37, 5)).astype(np.float32)

    def total():
        return sum_in_threads(lambda row: numbers[row].copy(), range(37))

    np.testing.assert_allclose(total(), numbers.sum(axis=0), rtol=1e-4, atol=1e-5)
    assert_alike_on_any_threads(lambda: [total()])


@given(st.integers(0, 200), st.integers(1, 50))
def test_slices_cover_everything_once_and_two_threads_get_the_same(count, most):
    parts = slices(count, most)
    assert [i for part in parts for i in range(count)[part]] == [*range(count)]
    lengths = {part.stop - part.start for part in parts}
    assert max(lengths, default=0) <= most
    assert max(lengths, default=1) - min(lengths, default=1) <= 1 <= min(lengths, default=1)
    assert len(parts) <= 1 or len(parts) % 2 == 0 or lengths == {1}


FORKING = """
import os
from threadpoolctl import threadpool_limits
from scratch.functional.threads import in_threads, one_blas_thread, thread_count

with threadpool_limits(2, user_api="blas"):
    in_threads(lambda _: None, range(8))  # the parent's threads are there
    with one_blas_thread():
        child = os.fork()
    if not child:
        done = []
        in_threads(done.append, range(2))
        os._exit(0 if sorted(done) == [0, 1] and thread_count() == 2 else 1)
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_threads_of_its_own():
    """In a process of its own: what else the tests have loaded may not survive a fork."""
    assert subprocess.run([sys.executable, "-c", FORKING], timeout=60, check=False).returncode == 0
