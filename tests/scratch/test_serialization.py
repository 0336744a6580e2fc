"""Model files: exact round trips, and no way to do harm with a forged one."""

from __future__ import annotations

import copy
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import scratch
from scratch import Model, Sequential, config
from scratch.layers import Conv2D, Dense, Flatten, Input, ReLU, Softmax
from scratch.serialization import SerializationError, load_model, save_model
from tests.scratch.small_models import assert_same_arrays, branched_net, dropout_net, samples

Members = dict[str, bytes]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.model"
    save_model(dropout_net(), path)
    return path


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [dropout_net, branched_net])
def test_round_trip_is_bitwise(make: Callable[[str], Model], dtype: str, tmp_path: Path) -> None:
    model = make(dtype)
    x, y = samples(9, dtype)
    model.compile("adam")
    model.fit(x, y, epochs=2, batch_size=4)
    model.save(tmp_path / "trained")
    loaded = scratch.load_model(tmp_path / "trained")

    assert type(loaded) is type(model)
    assert loaded.get_config() == model.get_config()
    assert loaded.input_shape == model.input_shape
    assert [len(call.inputs) for call in loaded.calls] == [len(c.inputs) for c in model.calls]
    assert_same_arrays(loaded.weights, model.weights)
    prediction = loaded.predict(x)
    assert prediction.dtype == dtype
    assert prediction.tobytes() == model.predict(x).tobytes()


def test_loaded_model_goes_on_training_as_the_saved_one(tmp_path: Path) -> None:
    x, y = samples(8, "float64")
    with config.using_floatx("float64"):
        model = Sequential([Input(x.shape[1:]), Conv2D(3, 2), Flatten(), Dense(4)])
    model.save(tmp_path / "net")
    loaded = load_model(tmp_path / "net")
    for one in (model, loaded):
        one.compile("sgd", "mse")
        one.fit(x, np.eye(4)[y], epochs=2, batch_size=3, seed=1)
    assert_same_arrays(loaded.weights, model.weights)
    assert load_model(tmp_path / "net").predict(x).tobytes() != model.predict(x).tobytes()


def test_layer_used_twice_in_a_row_of_layers(tmp_path: Path) -> None:
    relu = ReLU()
    model = Sequential([Input((5,)), relu, Dense(4), relu, Dense(3), Softmax()])
    model.save(tmp_path / "net")
    x = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    loaded = load_model(tmp_path / "net")
    assert isinstance(loaded, Sequential)
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()


def test_file_is_exactly_where_asked_and_depends_on_content_only(tmp_path: Path) -> None:
    model = dropout_net()
    for name in ("a.weird.name", "b"):
        model.save(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.weird.name", "b"]
    assert (tmp_path / "a.weird.name").read_bytes() == (tmp_path / "b").read_bytes()
    with np.load(tmp_path / "b", allow_pickle=False) as npz:
        assert set(model.weights) <= set(npz.files)


def test_loading_draws_no_initial_weights(saved: Path) -> None:
    config.set_random_seed(3)
    expected = np.random.default_rng(3).random()
    load_model(saved)
    assert config.random_generator().random() == expected


def test_failed_save_leaves_the_old_file_and_nothing_else(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dropout_net().save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_save_names_the_file_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere/net"):
        dropout_net().save(tmp_path / "nowhere" / "net")
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        dropout_net().save(tmp_path)
    with pytest.raises(ValueError, match="no weights to save yet"):
        Sequential([Dense(3)]).save(tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        load_model(tmp_path / "absent")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200), b"\x89HDF\r\n\x1a\n" + bytes(200), b"PK"],
    ids=["empty", "jpeg", "hdf5", "two bytes"],
)
def test_foreign_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(SerializationError, match=r"foreign is not an intact model file"):
        load_model(path)


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(SerializationError, match="is a folder"):
        load_model(tmp_path)


def test_every_truncation_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in range(0, len(whole), 97):
        saved.write_bytes(whole[:length])
        with pytest.raises(SerializationError, match=saved.name):
            load_model(saved)


def test_flipped_bytes_are_noticed_or_harmless(saved: Path) -> None:
    """A flip in a zip's unused fields changes nothing; any other is an error that says where."""
    want, whole, complaints = load_model(saved).weights, saved.read_bytes(), []
    positions = range(0, len(whole), 13)
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 0x5A
        saved.write_bytes(damaged)
        try:
            assert_same_arrays(load_model(saved).weights, want)
        except SerializationError as error:
            complaints.append(str(error))
    assert all(str(saved) in complaint for complaint in complaints)
    assert len(complaints) > 0.8 * len(positions)


def _members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _forge(path: Path, members: Members, compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def _npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


def _with_header(members: Members, change: Callable[[dict], object]) -> Members:
    header = json.loads(members["header.json"])
    change(header)
    return members | {"header.json": json.dumps(header).encode()}


def _last_layer(header: dict) -> dict:
    return header["config"]["layers"][-1]["config"]


def _kernel(members: Members) -> str:
    return next(name for name in members if name.startswith("dense") and "kernel" in name)


FORGERIES: dict[str, tuple[Callable[[Members], Members], str]] = {
    "missing array": (
        lambda m: {k: v for k, v in m.items() if k != _kernel(m)},
        "lacks the array 'dense.*/kernel'",
    ),
    "extra array": (lambda m: m | {"more.npy": _npy(np.zeros(3))}, "no use for: more"),
    "wrong shape": (
        lambda m: m | {_kernel(m): _npy(np.zeros((2, 2), "float32"))},
        r"kernel' as float32 \(2, 2\), layer 'dense.*' needs float32 \(75, 4\)",
    ),
    "wrong dtype": (
        lambda m: m | {_kernel(m): _npy(np.zeros((75, 4), "float64"))},
        r"as float64 \(75, 4\), layer 'dense.*' needs float32",
    ),
    "pickle": (lambda m: m | {_kernel(m): _npy(np.array([print], object))}, "of type object"),
    "huge array": (lambda m: m | {_kernel(m): _npy_header((10**6, 10**6))}, "not as long as"),
    "negative shape": (lambda m: m | {_kernel(m): _npy_header((-1, 4))}, "not as long as"),
    "no array": (lambda m: m | {_kernel(m): b"rubbish"}, "not an intact model file"),
    "stray member": (lambda m: m | {"../../evil.py": b"boom"}, "no arrays"),
    "no header": (
        lambda m: {k: v for k, v in m.items() if k != "header.json"},
        "not an intact model file",
    ),
    "header not JSON": (lambda m: m | {"header.json": b"{]"}, "not an intact model file"),
    "header nested deeply": (lambda m: m | {"header.json": b"[" * 10**5}, "not an intact model"),
    "header a list": (lambda m: m | {"header.json": b"[]"}, "not a model file"),
    "checkpoint": (
        lambda m: _with_header(m, lambda h: h.update(format="scratch checkpoint")),
        "calls itself 'scratch checkpoint'",
    ),
    "later version": (lambda m: _with_header(m, lambda h: h.update(version=2)), "version 2"),
    "no config": (lambda m: _with_header(m, lambda h: h.pop("config")), "does not describe"),
    "unknown class": (
        lambda m: _with_header(m, lambda h: h["config"]["layers"][0].update(class_name="Lambda")),
        "does not describe a model.*Lambda",
    ),
    "class from elsewhere": (
        lambda m: _with_header(
            m, lambda h: h["config"]["layers"][0].update(class_name="os.system")
        ),
        "does not describe a model.*os.system",
    ),
    "unknown argument": (
        lambda m: _with_header(m, lambda h: _last_layer(h).update(evil=1)),
        "does not describe a model.*evil",
    ),
    "argument of a wrong type": (
        lambda m: _with_header(m, lambda h: _last_layer(h).update(units="many")),
        "does not describe a model",
    ),
    "huge layer": (
        lambda m: _with_header(m, lambda h: _last_layer(h).update(units=10**12)),
        r"needs float32 \(75, 1000000000000\)",
    ),
    "absurdly huge layer": (
        lambda m: _with_header(m, lambda h: _last_layer(h).update(units=10**30)),
        "needs float32",
    ),
    "call of a layer that is not there": (
        lambda m: _with_header(m, lambda h: h["config"]["calls"][0].update(layer=99)),
        "does not describe a model",
    ),
    "call of a later tensor": (
        lambda m: _with_header(m, lambda h: h["config"]["calls"][0].update(inputs=[5])),
        "does not describe a model",
    ),
    "two layers of one name": (
        lambda m: _with_header(
            m,
            lambda h: (
                h["config"]["layers"].append(h["config"]["layers"][-1])
                or h["config"]["calls"].append({"layer": 6, "inputs": [6]})
            ),
        ),
        "two layers are called 'dense",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_file(forgery: str, saved: Path) -> None:
    change, message = FORGERIES[forgery]
    members = change(_members(saved))
    _forge(saved, members)
    tracemalloc.start()
    with pytest.raises(SerializationError, match=message) as caught:
        load_model(saved)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 5e6


def test_unchanged_forgery_loads(saved: Path) -> None:
    """The forger's own tools do no harm: what the tests above notice is the forgery."""
    want = load_model(saved).weights
    _forge(saved, _members(saved))
    assert_same_arrays(load_model(saved).weights, want)


def test_compressed_bomb_is_refused_unread(saved: Path) -> None:
    members = _members(saved)
    _forge(saved, members | {_kernel(members): bytes(10**7)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(SerializationError, match="it has compressed members"):
        load_model(saved)


def test_member_that_occurs_twice_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("header.json", b"{}")
    with pytest.raises(SerializationError, match="a member occurs twice"):
        load_model(saved)


def test_members_that_overlap_are_refused(saved: Path) -> None:
    """One stretch of bytes read as several arrays would outgrow the file."""
    inner = saved.with_name("inner")
    _forge(inner, {"b.npy": _npy(np.zeros(5000))})
    content = inner.read_bytes()
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("a.npy", content)
        nested = copy.copy(archive.getinfo("a.npy"))
        with zipfile.ZipFile(inner) as other:
            described = other.getinfo("b.npy")
        nested.filename = nested.orig_filename = "b.npy"
        nested.header_offset += 30 + len("a.npy")
        nested.CRC, nested.file_size = described.CRC, described.file_size
        nested.compress_size = described.compress_size
        archive.filelist.append(nested)
    with pytest.raises(SerializationError, match="it declares more bytes than it has"):
        load_model(saved)
