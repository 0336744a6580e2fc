"""Both sides of every piece of work compute the same; children answer with one line."""

import subprocess

import numpy as np
import pytest

from experiments.passes import BOTH, FORWARD
from experiments.speed import alone, processes
from experiments.speed.alone import Alone, loop_backward, loop_forward
from experiments.speed.convolution import PASSES, Convolution, scratch_passes, tensorflow_passes
from experiments.speed.networks import application, block, inference, training_step
from experiments.speed.single_layers import (
    batch_normalization,
    convolutions,
    max_pool_backward,
    pointwise_layers,
)
from experiments.speed.work import Build
from tests.experiments.helpers import few_drawings


def both(build: Build) -> tuple[object, object]:
    sides = build(few_drawings(), np.random.default_rng(0))
    return sides.scratch(), sides.keras()


def assert_close(ours: object, theirs: object) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_a_training_step_is_the_same_step() -> None:
    sides = training_step("signs_convnet", 5)(few_drawings(), np.random.default_rng(0))
    for _ in range(3):  # The first would not show an optimizer that differs.
        assert sides.scratch()["loss"] == pytest.approx(float(sides.keras()), rel=1e-4)


def test_networks_give_the_same_outputs() -> None:
    assert_close(*both(inference("signs_deep", 3)))
    assert_close(*both(application("MobileNetV2", 32, 2)))


@pytest.mark.parametrize("passes", [FORWARD, BOTH])
def test_blocks_give_the_same_tensors(passes: str) -> None:
    ours, theirs = both(block(lambda: batch_normalization((5, 4, 3)), passes, 6))
    if passes == FORWARD:
        assert_close(ours, theirs)
        return
    assert_close(ours[0], theirs[0])
    by_weight = {path.rpartition("/")[2]: gradient for path, gradient in theirs[1].items()}
    assert set(by_weight) == {"gamma", "beta"}
    for path, gradient in ours[1].items():
        assert_close(gradient, by_weight[path.rpartition("/")[2]])


def test_max_pools_send_the_gradient_to_the_same_places() -> None:
    ours, theirs = both(max_pool_backward((2, 7, 6, 3), 3, 2, "same"))
    np.testing.assert_array_equal(ours, theirs)


UNEVEN = Convolution(2, (7, 5), 3, 4, (3, 2), (2, 1), bias=True)
CASES = [UNEVEN, UNEVEN.with_(padding="valid", bias=False), UNEVEN.with_(batch=1, strides=(1, 1))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_convolution_is_the_same_by_loops_by_scratch_and_by_tensorflow(
    case: Convolution,
) -> None:
    tensors = case.draw(np.random.default_rng(1))
    ours = scratch_passes(case, tensors)
    assert len(ours) == (4 if case.bias else 3)
    (theirs,) = tensorflow_passes([(case, tensors)])()
    for mine, its in zip(ours, theirs, strict=True):
        assert_close(mine, its)
    looped = {**loop_forward(case, tensors), **loop_backward(case, tensors)}
    for mine, which in zip(ours, PASSES, strict=False):
        assert_close(mine, looped[which])


def test_convolutions_are_all_computed() -> None:
    ours, theirs = both(convolutions(CASES))
    assert [y.shape for y, *_ in ours] == [case.problem.output_shape for case in CASES]
    for mine, its in zip(ours, theirs, strict=True):
        for a, b in zip(mine, its, strict=True):
            assert_close(a, b)


def test_macs_of_a_convolution_by_hand() -> None:
    assert UNEVEN.macs == 2 * (4 * 5 * 4) * (3 * 2 * 3)


def test_outputs_are_near_one_whatever_the_channels() -> None:
    case = Convolution(1, (20, 20), 64, 8)
    y = scratch_passes(case, case.draw(np.random.default_rng(0)))[0]
    assert 0.8 < y[:, 1:-1, 1:-1].std() < 1.2


def test_the_1x1_convolutions_of_the_blocks() -> None:
    inception, bottleneck = (
        [(c.channels, c.filters, c.bias) for c in pointwise_layers(name, 8).values()]
        for name in ("inception_3a", "resnet_bottleneck")
    )
    assert sorted(inception) == [
        (192, 16, True), (192, 32, True), (192, 64, True), (192, 96, True),
    ]  # fmt: skip
    assert bottleneck == [(256, 64, False), (64, 256, False)]
    for name, size in (("inception_3a", 28), ("resnet_bottleneck", 14)):
        for case in pointwise_layers(name, 8).values():
            assert (case.batch, case.size, case.kernel_size) == (8, (size, size), (1, 1))


@pytest.mark.parametrize(
    ("value", "at_least", "reached"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)],
)
def test_a_limit_has_a_side(value: float, at_least: bool, reached: bool) -> None:
    assert Alone("", value, "", at_least, 2.0).reached == reached


def test_times_are_those_of_the_slower_over_the_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops are hundreds of times slower; the same algorithm against itself is not."""
    rng = np.random.default_rng(0)
    loops = alone.times_faster_than_loops(Convolution(2, (12, 11), 4, 8), 3, rng)
    assert loops.value > 3
    assert loops.at_least
    textbook = alone.times_faster_than_textbook(12, 3, few_drawings(), rng)
    assert 0.5 < textbook.value < 100


def test_a_child_answers_with_its_line_before_it_ends() -> None:
    answer = processes.ask("import time; print(7, flush=True); time.sleep(0.5)")
    assert answer.line == "7"
    assert 0 < answer.seconds < 0.5


def test_a_child_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        processes.ask("print(1); raise ValueError('no')")
    assert "no" in failed.value.stderr


def test_first_steps_are_timed_in_turn_and_the_first_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def ask(program: str) -> processes.Answer:
        asked.append(program)
        return processes.Answer("done", float(len(asked)))

    monkeypatch.setattr(processes, "ask", ask)
    monkeypatch.setattr(processes, "FIRST_STEP", "{package}")
    found = processes.first_steps(2)
    assert asked == ["scratch", "keras_models"] * 3
    assert {name: timing.wall for name, timing in found.items()} == {
        "scratch": [3.0, 5.0], "keras_models": [4.0, 6.0],
    }  # fmt: skip


def test_the_first_step_is_a_program_that_runs() -> None:
    assert processes.ask(processes.FIRST_STEP.format(package="scratch")).line == "done"


def test_training_without_tensorflow_needs_less_than_300_mb() -> None:
    images = 1080 * 64 * 64 * 3 * 4
    assert images < processes.training_peak_bytes() < 300e6


def test_memory_of_a_child_is_its_own() -> None:
    """A parent that holds much does not count; what the child held for a moment does."""
    program = (
        "from experiments.process_memory import peak_bytes\n"
        "x = b'1' * 10**8; del x; print(peak_bytes())"
    )
    held = b"1" * (3 * 10**8)
    peak = int(processes.ask(program).line)
    assert 10**8 < peak < len(held)
