"""The study, with two small networks in place of the large ones."""

import keras
import numpy as np
import pytest

from experiments.applications import compared, fit_steps
from experiments.progress import Progress
from experiments.random_weights import randomize
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.studies import applications
from experiments.study import Context, discover, select
from tests.experiments.helpers import few_drawings


def small_network(name: str, shape: tuple[int, int, int], seed: int) -> keras.Model:
    """Normalization, dropout and a branch; its weights depend on its name."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input(shape)
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="conv")(image)
    x = layers.ReLU(6.0, name="relu6")(layers.BatchNormalization(name="norm")(x))
    x = layers.Add(name="add")([x, layers.DepthwiseConv2D(3, padding="same", name="depth")(x)])
    x = layers.Dropout(0.3, name="drop")(layers.GlobalAveragePooling2D(name="mean")(x))
    model = keras.Model(image, layers.Dense(10, activation="softmax", name="classes")(x))
    randomize(model, seed + len(name))
    return model


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[StudyResults, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (compared, fit_steps):
            patch.setattr(module, "build", small_network)
        patch.setattr(applications, "QUICK", ("MobileNet", "VGG16"))
        (study,) = select(discover(), ["applications"])
        context = Context(few_drawings(), full=False, seed=0, progress=Progress())
        results = run_study(study, context, tmp_path_factory.mktemp("results"))
        return results, study.findings(results.frames)


def test_a_row_for_each_network_counts_what_keras_counts(found) -> None:
    networks = found[0].frames["networks"]
    # 3*3*3*4 + 4*4 + 3*3*4 + 4 + 4*10 + 10, and seven layers.
    assert list(networks.parameters_keras) == list(networks.parameters_scratch) == [214, 214]
    assert list(networks.layers) == [8, 8]
    assert (networks.top1_agree == networks.top1_photos).all()
    costs = networks[["seconds_scratch", "seconds_keras", "peak_mib_scratch"]]
    assert (costs > 0).all(axis=None)


def test_verdicts_add_up_and_none_is_a_fault(found) -> None:
    runs = found[0].frames["runs"]
    verdicts = ["identical", "rounding", "flip", "suspect", "unjudged", "fault"]
    assert (runs[verdicts].sum(axis=1) == runs.tensors).all()
    assert not runs[["suspect", "unjudged", "fault"]].to_numpy().any()
    # Eight outputs, nine gradients by inputs (a sum has two), seven by weights.
    assert list(runs.tensors) == [24, 24]
    assert (runs.worst_forward_ratio <= 1).all()
    depth = found[0].frames["depth"]
    assert depth[depth.network == "VGG16"].layer.iloc[[0, -1]].tolist() == ["conv", "classes"]
    assert np.allclose(depth.groupby("network").depth.max(), 1)


def test_a_step_of_fit_is_judged_part_by_part(found) -> None:
    steps = found[0].frames["fit_step"].set_index("part")
    assert steps.tensors["statistics"] == 2
    assert steps.tensors["update"] == 7
    assert steps.faults.sum() == 0


def test_its_sentences(found) -> None:
    text = " ".join(found[1])
    assert "2 networks of keras.applications became NumPy, 2 of them with as many" in text
    assert "48 outputs and gradients (2 networks in training): 0 at fault, 0 suspect" in text
    assert "the twins agree on 16 of 16 photographs" in text
    assert "MobileNetV2: 33 tensors, 0 at fault" in text
    assert "native size" not in text
