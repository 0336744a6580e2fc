"""The three ways to take a step: how many photographs each looks at, and how far it goes."""

from __future__ import annotations

from dataclasses import dataclass

LOSS = "sparse_categorical_crossentropy"


@dataclass(frozen=True)
class Method:
    """One kind of gradient descent.

    Attributes:
        name: As source C has it.
        size: Photographs in a batch; None for all of them.
        learning_rate: eta, chosen once on this data for the method, and the same for both twins.
        epochs: Passes over the training set, in the (quick, full) form.
        rates: What eta was chosen from.
        trial_epochs: How long each was tried.
        float64_steps: Steps of the float64 twins, in the (quick, full) form.
    """

    name: str
    size: int | None
    learning_rate: float
    epochs: tuple[int, int]
    rates: tuple[float, ...]
    trial_epochs: int
    float64_steps: tuple[int, int]

    def batch_size(self, photographs: int) -> int:
        """How many of `photographs` a step looks at."""
        return min(self.size or photographs, photographs)

    def steps_an_epoch(self, photographs: int) -> int:
        """Steps in a pass over `photographs`; the last may look at fewer."""
        return -(-photographs // self.batch_size(photographs))


METHODS = (
    Method("stochastic", 1, 0.02, (3, 8), (0.005, 0.02, 0.05), 4, (30, 1080)),
    Method("mini-batch", 64, 0.3, (8, 32), (0.1, 0.3, 0.8), 32, (5, 100)),
    Method("batch", None, 0.3, (6, 32), (0.1, 0.3, 0.5), 48, (1, 5)),
)
