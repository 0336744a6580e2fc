import pytest

from tests.scratch.layers.harness import check_layer

CASES = {
    "plain": {},
    "no bias": {"use_bias": False},
    "relu": {"activation": "relu"},
    "softmax": {"activation": "softmax"},
    "relu, no bias": {"activation": "relu", "use_bias": False},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(3, 5), (1, 4), (2, 3, 4), (2, 3, 4, 6)], ids=str)
def test_as_keras(shape, case):
    check_layer("Dense", shape, units=7, **CASES[case])
