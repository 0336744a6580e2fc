"""The five sources that the kit reproduces, and how the report's text cites them.

Text cites them as "source A", "sources A and B" or "source E, exercise 5-7".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CITATION = re.compile(r"\b[Ss]ources? [A-E]\b(?:(?:, | and | or | to )[A-E]\b)*")


@dataclass(frozen=True)
class Equation:
    """One equation or rule of a source, in plain text.

    Attributes:
        label: How it is cited.
        text: What it says, in the source's symbols.
    """

    label: str
    text: str


@dataclass(frozen=True)
class Source:
    """A source: its letter, what it is, and the equations that the kit follows."""

    letter: str
    title: str
    equations: tuple[Equation, ...]


SOURCES: tuple[Source, ...] = (
    Source(
        "A",
        "A convolutional network step by step in NumPy: the notebook of deeplearning.ai's course, "
        "2017.",
        (
            Equation("sizes", "n = ⌊(n_prev − f + 2 pad) / stride⌋ + 1; pooling without pad"),
            Equation("(1)", "dA_prev_pad[window] += W[..., c] · dZ[i, h, w, c]"),
            Equation("(2)", "dW[..., c] += a_slice · dZ[i, h, w, c]"),
            Equation("(3)", "db[..., c] += dZ[i, h, w, c]"),
            Equation("(4)", "mask = (x = max x): the gradient goes to the maximum"),
            Equation("(5)", "dZ / (n_H · n_W): the average spreads it evenly"),
        ),
    ),
    Source(
        "B",
        "The notebook's version of 2022, and its application: the ConvNet for SIGNS in TensorFlow.",
        (
            Equation(
                "network",
                "Conv 8 @ 4×4 same, ReLU, MaxPool 8×8, Conv 16 @ 2×2 same, ReLU, MaxPool 4×4, "
                "Flatten, Dense 6 softmax",
            ),
        ),
    ),
    Source(
        "C",
        "The theory of convolutional networks, end to end: forward, backward, training.",
        (
            Equation("delta", "δ^l = δ^(l+1) ∗ rot180(w^(l+1)) ⊙ σ′(z^l)"),
            Equation("weights", "∂C/∂w^l = δ^l ⋆ σ(z^(l−1)), a cross-correlation"),
            Equation("bias", "∂C/∂b^l = Σ_xy δ^l"),
            Equation("pooling", "δ^l = upsample(δ^(l+1)) ⊙ σ′(z^l)"),
            Equation("dense", "δ^l = (W^(l+1))ᵀ δ^(l+1) ⊙ σ′(z^l), ∂C/∂W^l = δ^l (a^(l−1))ᵀ"),
            Equation("update", "W ← W − η / batchsize · Σ ∂L/∂W"),
        ),
    ),
    Source(
        "D",
        "Convolution, activation and pooling written from nothing, channels first, and VGG16 as "
        "stacks of them.",
        (Equation("padding", "P = (K − 1) / 2 on every side, K odd"),),
    ),
    Source(
        "E",
        "Exercises on convolution to chapter 5 of Qiu, Neural Networks and Deep Learning, with "
        "im2col code.",
        (
            Equation("exercise 5-2", "rot180(W) ⊗ X = rot180(X) ⊗ W, ⊗ the wide cross-correlation"),
            Equation("exercise 5-3", "What 1×1 convolutions do: channels, non-linearity, cost"),
            Equation(
                "exercise 5-4",
                "time O(M_H · M_W · K² · C_in · C_out), space O(M_H · M_W · C_out)",
            ),
            Equation("exercise 5-7", "y = C x, dx = Cᵀ dy: forward and backward are transposes"),
        ),
    ),
)


def cited(text: str) -> list[str]:
    """The letters of the sources that `text` cites, in their order; "A to C" cites B too."""
    letters: set[str] = set()
    for citation in _CITATION.findall(text):
        named = re.findall(r"\b[A-E]\b", citation)
        letters.update(named)
        if " to " in citation:
            letters.update(chr(code) for code in range(ord(named[0]), ord(named[-1])))
    return sorted(letters)


def linked(html: str) -> str:
    """Escaped text in which every cited source's letter leads to `#source-<letter>`."""

    def link(citation: re.Match[str]) -> str:
        return re.sub(r"\b([A-E])\b", r'<a href="#source-\1">\1</a>', citation[0])

    return _CITATION.sub(link, html)
