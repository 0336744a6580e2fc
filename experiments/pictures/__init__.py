"""Pictures of what a network's operations do, each beside the check that it shows the truth."""

from experiments.pictures.channels import first_channels
from experiments.pictures.colours import colour_kernels
from experiments.pictures.exact import Picture
from experiments.pictures.numbers import five_by_five
from experiments.pictures.padding import padding
from experiments.pictures.pooling import pooling
from experiments.pictures.twins import twin_maps

__all__ = [
    "Picture",
    "colour_kernels",
    "first_channels",
    "five_by_five",
    "padding",
    "pooling",
    "twin_maps",
]
