"""What the README shows must run as it stands."""

import re
from pathlib import Path

import pytest

from scratch.layers import registry

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def run(example: str) -> dict:
    names: dict = {"__name__": "readme"}
    exec(compile(example, "README.md", "exec"), names)
    return names


def test_a_custom_layer_is_converted_and_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    cubes = run(EXAMPLES[0])["cubes"]
    assert cubes.ok
    assert cubes.unjudged == [("cube", "output"), ("cube", "grad_input")]
    differences = cubes.isolated.set_index(["layer", "tensor"]).max_rel_diff
    assert differences["cube"].max() < 1e-6


def test_comparing_an_own_layer_names_its_bug(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(EXAMPLES[1])["found"]
    assert found.faults == [("conv", "grad_input")]
    assert "[('conv', 'grad_input')]" in capsys.readouterr().out


def test_an_algorithm_is_chosen_by_name() -> None:
    names = run(EXAMPLES[2])
    largest = abs(names["textbook"]).max()
    assert 0 < abs(names["fastest"] - names["textbook"]).max() < 1e-5 * largest
    assert (names["exact"] == names["textbook"]).all()  # sums of ones are exact in any order


def test_a_model_is_built_trained_saved_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run(EXAMPLES[3])
    assert names["model"].count_params() == names["scratch"].load_model("model.npz").count_params()
    assert {path.name for path in tmp_path.iterdir()} == {"model.npz", "run.npz"}
