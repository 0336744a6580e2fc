"""Arrays that are used again."""

import threading

import numpy as np

from scratch.functional.workspace import bordered_workspace, workspace


def test_it_has_the_shape_and_the_dtype_asked_for():
    for shape, dtype in (((3, 5), np.float32), ((7,), np.float64), ((2, 0), bool), ((), np.int16)):
        array = workspace("test", shape, dtype)
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_a_slot_is_used_again_and_grows():
    small = workspace("test growth", (10,), np.float32)
    small[:] = 1
    assert np.shares_memory(small, workspace("test growth", (5, 2), np.float32))
    large = workspace("test growth", (1000,), np.float32)
    large[:] = 2
    assert np.shares_memory(large, workspace("test growth", (10,), np.float64))
    assert np.array_equal(small, np.ones(10))  # whoever still holds the old one keeps it


def test_slots_do_not_share_memory():
    first, second = workspace("test a", (10,), np.float32), workspace("test b", (10,), np.float32)
    assert not np.shares_memory(first, second)


def test_threads_do_not_share_memory():
    here, there = workspace("test", (10,), np.float32), []
    thread = threading.Thread(target=lambda: there.append(workspace("test", (10,), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(here, there[0])


def test_it_starts_with_a_cache_line():
    assert all(workspace("test", (n,), np.float32).ctypes.data % 64 == 0 for n in (1, 999, 99999))


def test_a_border_stays_zero_whatever_was_inside():
    sizes = [((3, 5), (slice(1, 2), slice(1, 4)), 2), ((4, 4), (slice(0, 3), slice(2, 4)), 3)]
    for shape, inside, value in [*sizes, *sizes, sizes[0], (*sizes[0][:1], sizes[1][1], 4)]:
        array = bordered_workspace("test border", shape, np.float32, inside)
        array[inside] = value
        expected = np.zeros(shape)
        expected[inside] = value
        np.testing.assert_array_equal(array, expected)
