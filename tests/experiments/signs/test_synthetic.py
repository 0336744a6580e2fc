from __future__ import annotations

import numpy as np

from experiments.signs.photos import SIZE
from experiments.signs.synthetic import draw_hand, draw_signs


def test_shapes_balance_and_honesty() -> None:
    splits = draw_signs(36, 12)
    for photos, count in ((splits.train, 36), (splits.test, 12)):
        assert photos.x.shape == (count, SIZE, SIZE, 3)
        assert photos.x.dtype == np.uint8
        assert np.bincount(photos.y).tolist() == [count // 6] * 6
    assert "synthetic" in splits.source


def test_same_seed_same_hands_other_seed_other_hands() -> None:
    one, two, other = draw_signs(12, 6, 5), draw_signs(12, 6, 5), draw_signs(12, 6, 6)
    np.testing.assert_array_equal(one.train.x, two.train.x)
    np.testing.assert_array_equal(one.test.x, two.test.x)
    assert not any((a == b).all() for a in one.train.x for b in other.train.x)


def test_no_two_drawings_are_alike() -> None:
    splits = draw_signs(60, 12)
    drawings = [photo.tobytes() for photo in (*splits.train.x, *splits.test.x)]
    assert len(set(drawings)) == 72


def test_a_drawing_does_not_depend_on_how_many_are_drawn() -> None:
    np.testing.assert_array_equal(draw_signs(12, 6).train.x, draw_signs(18, 6).train.x[:12])


def test_more_fingers_cover_more_of_the_wall() -> None:
    covered = [
        np.mean([hand_share(draw_hand(fingers, np.random.default_rng(seed))) for seed in range(40)])
        for fingers in range(6)
    ]
    assert (np.diff(covered) > 0.01).all(), covered


def hand_share(photo: np.ndarray) -> float:
    """The share of the upper three quarters whose hue is not that of the wall at the corners."""
    hue = photo / photo.sum(axis=-1, keepdims=True, dtype=float)
    wall = np.median(hue[:20, [0, 1, 2, -3, -2, -1]].reshape(-1, 3), axis=0)
    return float((np.abs(hue - wall).sum(axis=-1) > 0.045)[: SIZE * 3 // 4].mean())
