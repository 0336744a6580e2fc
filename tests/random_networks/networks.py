"""Random networks for Hypothesis, which shrinks those that fail to a few lines of Keras.

A network is drawn step by step: a layer on a tensor that is there, a merge of several, a layer or
model called once more, a nested model, an operator. Keras says which shape comes out.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from keras_models.layer_options import OPTIONS
from tests.random_networks.layers import expression, layer_class
from tests.random_networks.recipes import RECIPES, Draw, Options, Shape
from tests.random_networks.source import VALUES, Network

LARGEST = 1200
"""Numbers in one sample of a tensor: networks are small, so that there can be many."""
PLAIN = tuple(name for name in RECIPES if name in OPTIONS and not RECIPES[name].joins)
JOINS = tuple(name for name in RECIPES if name in OPTIONS and RECIPES[name].joins)
UNARY = ("-{}", "{} * 2", "1 - {}", "{} / 4", "0.5 + {}", "keras.ops.relu({})")
BINARY = ("{} + {}", "{} - {}", "{} * {}", "keras.ops.maximum({}, {})")


@dataclass(frozen=True, eq=False)
class _Callable:
    """A layer or a nested model.

    Attributes:
        name: Its own.
        made: The expression that makes it; a model's variable.
        joins: Whether it takes a list.
        takes: The shapes it was first called on, and may be again.
        gives: The shapes that come out.
        lines: The code that makes a model.
    """

    name: str
    made: str
    joins: bool
    takes: tuple[Shape, ...]
    gives: tuple[Shape, ...]
    lines: tuple[str, ...] = ()


class _Step(NamedTuple):
    """One line of code: tensors from tensors, by a callable or an operator's template."""

    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    by: _Callable | str

    def code(self, function: str) -> str:
        """The line, with what its callable is called there."""
        arguments = ", ".join(self.inputs)
        if isinstance(self.by, str):
            made = self.by.format(*self.inputs)
        else:
            made = f"{function}({f'[{arguments}]' if self.by.joins else arguments})"
        return f"{', '.join(self.targets)} = {made}"


@dataclass
class _Sketch:
    """A graph while it is drawn: its inputs, the steps taken, every tensor's shape."""

    draw: Draw
    prefix: str = ""
    inputs: list[str] = field(default_factory=list)
    steps: list[_Step] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def input(self, shape: Shape) -> None:
        self.inputs.append(self._tensor(shape))

    def _tensor(self, shape: Shape) -> str:
        name = f"{self.prefix}t{len(self.shapes)}"
        self.shapes[name] = shape
        return name

    def pick(self, fits: Callable[[Shape], bool] = lambda _shape: True) -> str:
        """A tensor of a fitting shape; half of the time the newest."""
        names = [name for name in reversed(self.shapes) if fits(self.shapes[name])]
        return self.draw(st.sampled_from(names[:1] * len(names) + names[1:]))

    def step(self, inputs: Sequence[str], by: _Callable | str, gives: Iterable[Shape]) -> None:
        """Take a step, unless a tensor would be too large."""
        gives = tuple(gives)
        if all(math.prod(shape) <= LARGEST for shape in gives):
            targets = tuple(self._tensor(shape) for shape in gives)
            self.steps.append(_Step(targets, tuple(inputs), by))

    def layer(self, kind: str, options: Options | None, inputs: Sequence[str]) -> None:
        """A new layer on `inputs`, if there are options for it."""
        if options is None:
            return
        # Not "add_4": so Keras may name an operator, by how many there were in its session.
        name = f"{kind.lower()}_t{len(self.shapes)}"
        takes = tuple(self.shapes[tensor] for tensor in inputs)
        made, joins = expression(kind, options, name), RECIPES[kind].joins
        gives = (_output_shape(layer_class(kind), options, takes, joins),)
        self.step(inputs, _Callable(name, made, joins, takes, gives), gives)

    def needed(self, outputs: Iterable[str]) -> tuple[list[str], list[_Step]]:
        """The inputs and steps that outputs depend on."""
        wanted, steps = set(outputs), []
        for step in reversed(self.steps):
            if wanted & set(step.targets):
                wanted |= set(step.inputs)
                steps.append(step)
        return [name for name in self.inputs if name in wanted], steps[::-1]


def _output_shape(
    of: type[keras.Layer], options: Options, takes: Sequence[Shape], joins: bool
) -> Shape:
    """What Keras says; the random state, from which Keras draws seeds, is Hypothesis'."""
    state = random.getstate()
    tensors = [keras.KerasTensor((None, *shape)) for shape in takes]
    output = of(**options)(tensors if joins else tensors[0])
    random.setstate(state)
    return tuple(output.shape[1:])


def _one_layer(sketch: _Sketch) -> None:
    tensor = sketch.pick()
    shape = sketch.shapes[tensor]
    kinds = [name for name in PLAIN if len(shape) in RECIPES[name].ranks]
    # Twice as often those that are for this rank alone: convolutions and pools.
    kinds += [name for name in kinds if len(RECIPES[name].ranks) == 1]
    kind = sketch.draw(st.sampled_from(kinds))
    options = RECIPES[kind].options(sketch.draw, shape)
    if options and kind != "SpatialDropout2D" and sketch.draw(st.sampled_from(_FROZEN)):
        options["trainable"] = False
    sketch.layer(kind, options, [tensor])


def _merge(sketch: _Sketch) -> None:
    kind = sketch.draw(st.sampled_from(JOINS))
    inputs = [sketch.pick()]
    joint = sketch.shapes[inputs[0]]
    options = RECIPES[kind].options(sketch.draw, joint)
    axis = options.get("axis") if options else None
    most = 1 if kind in ("Subtract", "CustomScaleLayer") else 2
    for _ in range(sketch.draw(st.integers(1, most))):
        fits = joint.__eq__ if kind == "CustomScaleLayer" else partial(_joinable, joint, axis=axis)
        inputs.append(sketch.pick(fits))
        if axis is None:
            joint = np.broadcast_shapes(joint, sketch.shapes[inputs[-1]])
    sketch.layer(kind, options, inputs)


def _joinable(a: Shape, b: Shape, axis: int | None) -> bool:
    """Whether tensors can be concatenated along an axis or, without one, broadcast."""
    if len(a) != len(b):
        return False
    place = None if axis is None else axis % (len(a) + 1) - 1
    pairs = enumerate(zip(a, b, strict=True))
    return all(m == n or (1 in (m, n) if axis is None else i == place) for i, (m, n) in pairs)


def _again(sketch: _Sketch) -> None:
    """A layer or model once more, on its own inputs' shapes."""
    callables = list(dict.fromkeys(s.by for s in sketch.steps if isinstance(s.by, _Callable)))
    if callables:
        by = sketch.draw(st.sampled_from(callables[::-1]))
        sketch.step([sketch.pick(shape.__eq__) for shape in by.takes], by, by.gives)


def _operator(sketch: _Sketch) -> None:
    template = sketch.draw(st.sampled_from(UNARY + BINARY))
    inputs = [sketch.pick()]
    shape = sketch.shapes[inputs[0]]
    if template in BINARY:
        inputs.append(sketch.pick(lambda other: _joinable(shape, other, None)))
    gives = np.broadcast_shapes(*(sketch.shapes[tensor] for tensor in inputs))
    sketch.step(inputs, template, [gives])


def _nested(sketch: _Sketch) -> None:
    """A model with a graph of its own, perhaps with two outputs."""
    number = len(sketch.shapes)
    inner = _Sketch(sketch.draw, f"{sketch.prefix}m{number}")
    tensor = sketch.pick()
    inner.input(sketch.shapes[tensor])
    _take_steps(inner, 3)
    if outputs := _outputs(inner):
        variable, name = f"{sketch.prefix}model_{number}", f"model_{number}"
        lines = _code(inner, outputs, variable, name)
        takes = (sketch.shapes[tensor],)
        gives = tuple(inner.shapes[name] for name in outputs)
        sketch.step([tensor], _Callable(name, variable, False, takes, gives, tuple(lines)), gives)


_FROZEN = (*[False] * 9, True)
_STEPS = (_one_layer, _one_layer, _one_layer, _one_layer, _merge, _again, _operator, _nested)


def _take_steps(sketch: _Sketch, most: int) -> None:
    for _ in range(sketch.draw(st.integers(1, most))):
        sketch.draw(st.sampled_from(_STEPS))(sketch)


def _outputs(sketch: _Sketch) -> list[str]:
    """The last tensor, perhaps another one that a step made too; none without any step."""
    made = [target for step in sketch.steps for target in step.targets]
    others = [None] * 6 + made[:-1]
    other = sketch.draw(st.sampled_from(others))
    return [*made[-1:], *([other] if other else [])]


def _code(sketch: _Sketch, outputs: list[str], variable: str, name: str) -> list[str]:
    """The code that makes the model `variable`."""
    inputs, steps = sketch.needed(outputs)
    uses = Counter(step.by for step in steps)
    sources = [f"keras.Input({sketch.shapes[t]}, name={t!r})" for t in inputs]
    lines = [line for by in uses if isinstance(by, _Callable) for line in by.lines]
    if len(outputs) == 1 and _is_chain(steps, inputs) and sketch.draw(st.booleans()):
        chain = [*sources, *(step.by.made for step in steps)]
        row = ",\n    ".join(chain)
        return [*lines, f"{variable} = keras.Sequential([\n    {row},\n], name={name!r})"]
    lines += [f"{tensor} = {made}" for tensor, made in zip(inputs, sources, strict=True)]
    shared: set[str] = set()
    for step in steps:
        function = step.by if isinstance(step.by, str) else step.by.made
        if isinstance(step.by, _Callable) and uses[step.by] > 1 and not step.by.lines:
            function = f"{sketch.prefix}{step.by.name}"
            if function not in shared:
                shared.add(function)
                lines.append(f"{function} = {step.by.made}")
        lines.append(step.code(function))
    ends = ", ".join(t[0] if len(t) == 1 else f"[{', '.join(t)}]" for t in (inputs, outputs))
    return [*lines, f"{variable} = keras.Model({ends}, name={name!r})"]


def _is_chain(steps: list[_Step], inputs: list[str]) -> bool:
    """Whether each step takes what the one before gave, by a layer of its own."""
    places = [*inputs, *(step.targets[0] for step in steps)]
    return len({step.by for step in steps}) == len(steps) and all(
        isinstance(step.by, _Callable)
        and not step.by.joins
        and len(step.targets) == 1
        and step.inputs == (place,)
        for step, place in zip(steps, places, strict=False)
    )


def _input_shapes(draw: Draw) -> list[Shape]:
    """One to three inputs: images mostly, rows and vectors; often of one shape."""
    size, channels = st.integers(1, 13), st.integers(1, 6)
    kinds = [(size, size, channels)] * 4 + [(size, channels), (channels,)]
    shapes = [tuple(map(draw, draw(st.sampled_from(kinds))))]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        shapes.append(shapes[0] if draw(st.booleans()) else tuple(map(draw, kinds[0])))
    return shapes


@st.composite
def networks(draw: Draw) -> Network:
    """A valid network of supported layers, with what it is run on."""
    sketch = _Sketch(draw)
    for shape in _input_shapes(draw):
        sketch.input(shape)
    _take_steps(sketch, 8)
    loss = "mean_squared_error"
    if draw(st.booleans()):
        loss = "sparse_categorical_crossentropy"
        units = draw(st.integers(2, 4))
        sketch.layer("Dense", {"units": units, "activation": "softmax"}, [sketch.pick()])
    outputs = _outputs(sketch)
    assume(outputs)
    if len(outputs) > 1:
        loss = "mean_squared_error"
    return Network(
        "\n".join(_code(sketch, outputs, "model", "network")),
        dtype=draw(st.sampled_from(["float32", "float64"])),
        batch=draw(st.integers(1, 3)),
        training=draw(st.booleans()),
        loss=loss,
        seed=draw(st.integers(0, 999)),
        inputs=draw(st.sampled_from(list(VALUES))),
        weights=draw(st.sampled_from(list(VALUES))),
    )
