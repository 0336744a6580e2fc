"""Networks that nobody thought of, converted and compared in both passes.

`RANDOM_NETWORKS=2000 python -m pytest tests/random_networks -m slow` runs that many, other ones
each time; `--hypothesis-seed` makes it the same ones.
"""

import math
import os
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import scratch
from keras_models.layer_options import OPTIONS
from tests.random_networks.agreement import Tally, check
from tests.random_networks.networks import networks
from tests.random_networks.recipes import RECIPES
from tests.random_networks.source import Network

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:keras")  # of odd but valid options

_FEW, _MANY = 150, int(os.environ.get("RANDOM_NETWORKS", "300"))
_ANY = settings(
    deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck)
)


def run(tally: Tally, options: settings) -> None:
    @options
    @given(networks())
    def twins_agree(network: Network) -> None:
        check(network, tally)

    twins_agree()


def test_random_networks_agree(tally: Tally) -> None:
    """The same few each time; a failure is shrunk to a small network."""
    run(tally, settings(_ANY, max_examples=_FEW, derandomize=True))
    assert not tally.suspects, "\n\n".join(tally.suspects)


@pytest.mark.slow
def test_many_random_networks_agree(tally: Tally) -> None:
    """Others each time, with no more suspects than chance allows; many have every type of layer."""
    run(tally, settings(_ANY, max_examples=_MANY))
    assert len(tally.suspects) <= tally.allowed_suspects, "\n\n".join(tally.suspects)
    assert tally.unjudged <= 0.01 * tally.tensors
    if _MANY >= 2000:  # Of 300 networks, some have no pooling of sequences.
        assert set(tally.layers) >= set(OPTIONS)


def test_every_layer_has_a_recipe() -> None:
    assert set(RECIPES) >= set(OPTIONS)


@pytest.mark.parametrize("name", sorted(OPTIONS))
@settings(_ANY, max_examples=3, derandomize=True, phases=[Phase.generate])
@given(st.data())
def test_every_option_is_drawn(name: str, data: st.DataObject) -> None:
    recipe = RECIPES[name]
    shape = tuple(data.draw(st.integers(1, 6)) for _ in range(recipe.ranks[-1]))
    options = recipe.options(data.draw, shape)
    assert {o for o in options if not o.endswith("_regularizer")} == set(OPTIONS[name])


_SMALL = Network(
    dtype="float64",
    seed=3,
    inputs="ties",
    source="""
t0 = keras.Input((3, 4, 2), name="t0")
t1 = layers.ZeroPadding2D(1, name="pad")(t0)
t2 = layers.Flatten(name="flatten")(t1)
model = keras.Model(t0, t2)""",
)


def test_a_printed_network_is_the_network() -> None:
    printed = repr(_SMALL)
    assert "layers.ZeroPadding2D(1" in printed
    assert eval(printed) == _SMALL


def test_a_failure_names_the_layer_and_the_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    check(_SMALL, Tally())
    right = scratch.layers.ZeroPadding2D.backward
    wrong = lambda self, dy: 1.01 * right(self, dy)  # noqa: E731
    monkeypatch.setattr(scratch.layers.ZeroPadding2D, "backward", wrong)
    with pytest.raises(AssertionError, match=r"pad +grad_input +isolated .* fault"):
        check(_SMALL, Tally())


@pytest.mark.slow
def test_a_failure_shrinks_to_a_small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    right = scratch.layers.ZeroPadding2D.backward
    wrong = lambda self, dy: 1.01 * right(self, dy)  # noqa: E731
    monkeypatch.setattr(scratch.layers.ZeroPadding2D, "backward", wrong)

    def fails(network: Network) -> bool:
        try:
            check(network, Tally())
        except AssertionError:
            return True
        return False

    options = settings(_ANY, max_examples=500)
    smallest = find(networks(), fails, settings=options, random=Random(0))
    assert len(smallest.source.splitlines()) <= 6
    assert "ZeroPadding2D" in smallest.source
    assert smallest.inputs == smallest.weights == "normal"


def test_chance_allows_few_suspects() -> None:
    """P(more) of a Poisson number with the mean that the probabilistic bound promises."""
    allowed = {n: Tally(tensors=n).allowed_suspects for n in (0, 1_000, 100_000)}
    assert allowed[0] == 0
    for tensors, number in allowed.items():
        mean = 1e-4 * tensors
        terms = [math.exp(-mean) * mean**k / math.factorial(k) for k in range(60)]
        assert sum(terms[number + 1 :]) <= 1e-6
        assert tensors == 0 or sum(terms[number:]) > 1e-6
