"""Which networks there are, and what they are given."""

import keras
import numpy as np
import pytest

from experiments.applications.native import native_table
from experiments.applications.networks import LARGEST, NAMES, QUICK, build, prepared, small_shape


def test_the_collection_has_forty_networks() -> None:
    assert len(NAMES) == 40
    assert set(QUICK) | set(LARGEST) <= set(NAMES)
    assert len(set(QUICK)) == len(set(LARGEST)) == 10


@pytest.mark.parametrize("name", sorted({*QUICK, *LARGEST}))
def test_no_smaller_photograph_is_allowed(name: str) -> None:
    side = small_shape(name)[0]
    with pytest.raises(ValueError, match=f"at least {side}x{side}"):
        getattr(keras.applications, name)(weights=None, input_shape=(side - 1, side - 1, 3))


def test_photographs_come_in_the_numbers_that_a_network_expects() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    same = prepared("EfficientNetB0", photos, (64, 64, 3))
    assert (same == photos).all()
    assert same.dtype == np.float32
    scaled = prepared("MobileNetV2", photos, (64, 64, 3))
    assert np.allclose(scaled, photos / 127.5 - 1, atol=1e-6)
    assert prepared("Xception", photos, (71, 73, 3)).shape == (2, 71, 73, 3)


def test_no_weight_is_neutral_and_a_seed_draws_the_same() -> None:
    one, again = (build("MobileNetV3Small", (32, 32, 3), 5).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert all(np.unique(weight).size > 1 for weight in one if weight.size > 1)


@pytest.mark.slow
def test_a_network_runs_at_its_native_size_in_a_process_of_its_own() -> None:
    (row,) = native_table(["MobileNetV3Large"], 0, lambda _: None).to_dict("records")
    assert (row["input"], row["parameters"], row["fits"]) == ("224x224x3", 5_507_432, True)
    assert 0.3 < row["peak_gib"] < 4
