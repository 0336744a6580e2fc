"""Steps wait for what they need, go side by side where they may, and end together."""

import signal
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from scratch.functional.steps import run_steps
from scratch.functional.threads import thread_count


@st.composite
def graphs(draw):
    """For each step some of those before it."""
    count = draw(st.integers(0, 12))
    return [draw(st.sets(st.integers(0, step - 1))) if step else set() for step in range(count)]


@settings(deadline=None)
@given(graphs(), st.integers(1, 3))
def test_each_runs_once_when_what_it_waits_for_is_done(waits_for, threads):
    done, seen = [], []

    def work(step):
        seen.append((step, {*done}))
        done.append(step)

    with threadpool_limits(threads, user_api="blas"):
        run_steps(work, waits_for)
        assert thread_count() == threads
    assert sorted(done) == [*range(len(waits_for))]
    assert all(waits_for[step] <= before for step, before in seen)


def test_two_that_are_ready_go_side_by_side():
    meet, met = threading.Barrier(2, timeout=30), []  # nobody passes alone

    def work(step):
        if step in (1, 2):
            meet.wait()
            met.append(threading.get_ident())

    with threadpool_limits(2, user_api="blas"):
        run_steps(work, [set(), {0}, {0}, {1, 2}])
    assert len({*met}) == 2


def test_one_that_is_ready_alone_has_all_threads():
    counts, meet = {}, threading.Barrier(2, timeout=30)

    def work(step):
        counts[step] = thread_count()
        if step in (1, 2):
            meet.wait()

    with threadpool_limits(2, user_api="blas"):
        run_steps(work, [set(), {0}, {0}, {1, 2}, {3}])
    assert counts == {0: 2, 1: 1, 2: 1, 3: 2, 4: 2}


def test_the_longest_way_is_begun_first():
    begun = []
    with threadpool_limits(2, user_api="blas"):
        run_steps(begun.append, [set(), {0}, {0}, {0}, {3}, {4}, {1, 2, 5}])
    assert 3 in begun[1:3]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("failing", [0, 1, 2, 5])
def test_an_error_ends_it(failing, threads):
    done = []

    def work(step):
        if step == failing:
            raise ZeroDivisionError(step)
        done.append(step)

    waits_for = [set(), {0}, {0}, {1}, {2}, {3, 4}, {5}]
    with threadpool_limits(threads, user_api="blas"):
        with pytest.raises(ZeroDivisionError):
            run_steps(work, waits_for)
        assert thread_count() == threads
    assert 6 not in done
    assert all(waits_for[step] <= {*done} for step in done)


def test_a_chain_runs_in_order_in_the_callers_own_thread():
    ran = []
    with threadpool_limits(2, user_api="blas"):
        run_steps(
            lambda step: ran.append((step, threading.get_ident(), thread_count())),
            [set(), *({step} for step in range(5))],
        )
    assert ran == [(step, threading.get_ident(), 2) for step in range(6)]


@pytest.fixture
def heeding_ctrl_c():
    """A process in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_while_another_thread_computes_ends_that_too():
    meet, done, caller = threading.Barrier(2, timeout=30), [], threading.get_ident()

    def work(step):
        if step in (1, 2):
            meet.wait()
            if threading.get_ident() != caller:
                time.sleep(0.2)  # by now the caller waits for this step
                signal.pthread_kill(caller, signal.SIGINT)
                time.sleep(0.2)
        done.append(step)

    waits_for = [set(), {0}, {0}, *[{1, 2}] * 8]
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(KeyboardInterrupt):
            run_steps(work, waits_for)
        assert thread_count() == 2
    assert {*done} == {0, 1, 2}
