"""The study of gradient checking, in its quick form."""

import pytest

from experiments.faults import FAULTS
from experiments.gradients.check import FAILS, NONE, ORACLES
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.study import discover, select
from scratch.layers import LAYERS
from tests.experiments.helpers import context


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, list[str]]:
    (study,) = select(discover(), ["gradient_check"])
    results = run_study(study, context(), tmp_path_factory.mktemp("results"))
    return results, study.findings(results.frames)


def test_every_gradient_of_every_layer_holds(found) -> None:
    gradients = found[0].frames["gradients"]
    assert set(LAYERS) < set(gradients.layer)
    assert set(gradients.oracle) == set(ORACLES)
    assert not (gradients.verdict == FAILS).any()
    compared = gradients[gradients.verdict != NONE]
    assert (compared.difference_over_bound <= 1).all()
    assert (compared.numbers_compared > 0).all()
    # Only layers and losses that the sources have no equation for are without one.
    without = set(gradients[gradients.verdict == NONE].layer)
    assert without == {
        "Add", "Average", "AveragePooling1D", "BatchNormalization", "CategoricalCrossentropy",
        "Concatenate", "Conv1D", "Conv2DTranspose", "Cropping2D", "CustomScaleLayer",
        "DepthwiseConv1D", "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling1D",
        "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GroupNormalization", "LayerNormalization",
        "LayerScale", "MaxPooling1D", "Maximum", "MeanSquaredError", "Minimum", "Multiply",
        "Normalization", "Permute", "Rescaling", "Reshape", "Resizing", "SeparableConv2D",
        "SparseCategoricalCrossentropy", "SpatialDropout2D", "Subtract", "UpSampling2D",
    }  # fmt: skip


def test_the_summary_adds_up(found) -> None:
    frames = found[0].frames
    layers, gradients = frames["layers"], frames["gradients"]
    assert layers.numbers_compared.sum() == gradients.numbers_compared.sum()
    assert layers.comparisons.sum() == (gradients.verdict != NONE).sum()
    assert layers.failing.sum() == 0


def test_every_fault_is_planted_and_keras_sees_each(found) -> None:
    planted = found[0].frames["planted"]
    assert list(planted.fault) == [fault.name for fault in FAULTS]
    assert (planted.keras == "caught").all()
    missed = set(planted[planted.central_differences != "caught"].fault)
    assert {"padding-shifted", "flatten-channels-first", "all-ties-get-the-gradient"} <= missed
    assert len(missed) < len(FAULTS) / 2


def test_the_sentences_say_what_the_tables_say(found) -> None:
    results, sentences = found
    text = " ".join(sentences)
    assert "none of" in text
    assert f"of {len(FAULTS)} planted faults" in text
    assert "padding-shifted" in text
    assert "ReLU'(0) = 0" in text
    assert [figure.name for figure in results.figures] == ["differences", "steps"]
