"""What the converters and the probe say when a model is beyond them."""

from __future__ import annotations


class UnsupportedLayerError(ValueError):
    """A layer, or an option of one, that has no counterpart on the other side.

    Args:
        layer: The layer's name within its model.
        layer_type: Its class name.
        problem: What is unsupported, as a clause: "has no counterpart", "option axis=1 ...".
        advice: What to do instead, as a sentence without its full stop.
    """

    def __init__(self, layer: str, layer_type: str, problem: str, advice: str) -> None:
        super().__init__(f"Layer {layer!r} ({layer_type}): {problem}. {advice}.")
        self.layer = layer
        self.layer_type = layer_type
