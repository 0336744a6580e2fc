"""Layers of several inputs."""

from __future__ import annotations

from tests.random_networks.recipes.drawing import Draw, Options, Recipe, Shape, axis_of, no_options


def _concatenate(draw: Draw, shape: Shape) -> Options:
    return {"axis": axis_of(draw, shape)}


RECIPES = {
    "Add": Recipe(no_options, joins=True),
    "Average": Recipe(no_options, joins=True),
    "Concatenate": Recipe(_concatenate, joins=True),
    "Maximum": Recipe(no_options, joins=True),
    "Minimum": Recipe(no_options, joins=True),
    "Multiply": Recipe(no_options, joins=True),
    "Subtract": Recipe(no_options, joins=True),
}
