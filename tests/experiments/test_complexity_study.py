"""The study of the bottlenecks, with two small pairs in place of the large ones."""

import pytest

from experiments.bottlenecks import measured
from experiments.bottlenecks.inception import Module, module_model
from experiments.bottlenecks.roofline import roof_works
from experiments.bottlenecks.variants import Pair, convolutions
from experiments.progress import Progress
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.studies import complexity
from experiments.study import Context, discover, select
from tests.experiments.helpers import named_data

TIMED = ("speed_ups", "measured", "roofs", "numpy_layers", "numpy_products")
MODULE = Module("small", 32, 8, 4, 2, 4, 2, 4, 2, 0, 0)
SMALL = (
    Pair(
        "wide", lambda: convolutions(32, 8, (5, 6)), lambda: convolutions(32, 8, (1, 2), (5, 6)), 16
    ),
    Pair(
        "module",
        lambda: module_model(MODULE, reduced=False),
        lambda: module_model(MODULE, reduced=True),
        16,
    ),
)


@pytest.fixture(scope="module")
def found(weights_are_not_drawn, tmp_path_factory) -> tuple[StudyResults, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(complexity, "PAIRS", SMALL)
        patch.setattr(complexity, "QUICK", ("VGG16", "ResNet50"))
        patch.setattr(complexity, "REPEATS", 2)
        patch.setattr(measured, "roof_works", lambda: roof_works(side=64, stream=1024))
        (study,) = select(discover(), ["complexity"])
        context = Context(named_data(), full=False, seed=0, progress=Progress())
        results = run_study(study, context, tmp_path_factory.mktemp("results"))
        return results, study.findings(results.frames)


def test_the_published_numbers_are_in_the_tables(found) -> None:
    tables = found[0].frames
    networks = tables["applications"].set_index("application")
    assert networks.macs["ResNet50"] == 3_857_973_248
    assert networks.macs["ResNet50, stride in the 3x3"] == 4_089_184_256
    assert set(networks.parameters.drop("VGG16")) == {25_636_712}
    assert networks.conv_biases["ResNet50"] == 26_560
    assert networks.trainable_without_conv_biases["ResNet50"] == 25_557_032
    vgg = networks.loc["VGG16"]
    assert (vgg.parameters, vgg.macs) == (138_357_544, 15_470_264_320)
    assert vgg.macs + vgg.bias_adds == 15_483_821_032
    assert (vgg.activations, round(vgg.activations_mib, 2)) == (15_237_608, 58.13)
    assert networks.count_params_agrees.all()
    assert networks.products_are_two_macs.all()
    missed = tables["published"][tables["published"].agreement == "no"]
    assert list(zip(missed.application, missed.published, strict=True)) == [("VGG16", 15.3e9)]
    modules = tables["inception"].set_index("module")
    assert modules.reduced_macs_with_pool["3b"] == 304_267_264
    assert list(modules.index[~modules.paper_ops_agree]) == ["5a"]
    assert (tables["break_even"].saves_one_wider == False).all()  # noqa: E712 - read from a file


def test_every_pair_is_measured_on_both_sides(found) -> None:
    tables = found[0].frames
    assert len(tables["measured"]) == 2 * 2 * 2 * 2
    assert list(dict.fromkeys(tables["speed_ups"].pair)) == ["wide", "module"]
    assert (tables["measured"].seconds > 0).all()
    direct, reduced = 25 * 8 * 6, 8 * 2 + 25 * 2 * 6
    wide = tables["speed_ups"][tables["speed_ups"].pair == "wide"]
    assert wide.counted.unique() == pytest.approx([direct / reduced])


def test_timings_are_not_held_against_anything_and_counts_are(found) -> None:
    for table in found[0].tables:
        for column in table.frame.columns:
            about_time = any(
                word in column
                for word in ("second", "gflop", "gb_", "busy", "memory", "roofline", "ridge")
            )
            if about_time:
                assert table.kind(column).name == "timing", (table.name, column)
    counted = [table for table in found[0].tables if table.name not in TIMED]
    assert len(counted) == len(found[0].tables) - len(TIMED) == 7
    assert {kind.name for table in counted for kind in table.kinds.values()} == {"exact"}


def test_the_sentences_have_the_numbers_of_the_sources(found) -> None:
    text = " ".join(found[1])
    for known in (
        "5,898,240,000",
        "163,840,000 + 1,474,560,000 = 1,638,400,000 MACs, 3.6 times fewer",
        "387,072 weights",
        "0.406 of them (0.422 with the pool's own 1x1)",
        "2,408,448 + 10,035,200 = 12,443,648",
        "69,632 weights, 16.9 times fewer",
        "up to r = 230 (r* = 230.4)",
        "3,857,973,248",
        "4,089,184,256",
        "15,483,821,032 with bias adds",
        "15,237,608 activations, 58.13 MiB",
        "25,557,032, as torchvision's, 26,560 biases of convolutions and 53,120 moving statistics",
        "1 not, the furthest off VGG16 (MACs: 15,300,000,000 printed in He et al. 2016",
    ):
        assert known in text
    assert "nan" not in text


def test_there_is_a_figure_of_sweep_savings_and_roofline(found) -> None:
    assert [figure.name for figure in found[0].figures] == ["sweep", "savings", "roofline"]
    sweep = found[0].figures[0]
    assert "inception 3a, 5x5 154.8" in sweep.alt
