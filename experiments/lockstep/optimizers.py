"""The scratch optimizer that computes what a Keras optimizer computes."""

from __future__ import annotations

import keras

from scratch.optimizers import SGD, Adam, Optimizer, through_float32

# Keras' other options, and what they are when they are off.
_OFF = {
    "weight_decay": (None, False),
    "clipnorm": (None,),
    "clipvalue": (None,),
    "global_clipnorm": (None,),
    "use_ema": (False,),
    "loss_scale_factor": (None,),
    "gradient_accumulation_steps": (None, 1),
    "amsgrad": (False,),
}


def scratch_optimizer(optimizer: keras.Optimizer) -> Optimizer:
    """The counterpart of a Keras SGD or Adam, fresh, down to what Keras takes through float32.

    See `scratch.optimizers` on which numbers those are; they matter for float64 weights only.

    Raises:
        ValueError: Another optimizer, an option without counterpart, or a learning rate schedule.
    """
    options = optimizer.get_config()
    for name, off in _OFF.items():
        if name in options and options[name] not in off:
            raise ValueError(
                f"{type(optimizer).__name__}'s {name}={options[name]!r} has no counterpart in "
                f"scratch.optimizers; leave it at {off[0]!r}."
            )
    if not isinstance(options["learning_rate"], float):
        raise ValueError(
            "A learning rate schedule inside the optimizer has no counterpart; use lockstep's "
            "learning_rate argument."
        )
    learning_rate = through_float32(options["learning_rate"])
    if type(optimizer) is keras.optimizers.SGD:
        momentum = through_float32(options["momentum"])
        return SGD(learning_rate, momentum, options["nesterov"])
    if type(optimizer) is keras.optimizers.Adam:
        return Adam(
            learning_rate,
            options["beta_1"],
            options["beta_2"],
            options["epsilon"],
            bias_correction_dtype="float32",
        )
    raise ValueError(
        f"{type(optimizer).__name__} has no counterpart in scratch.optimizers; use SGD or Adam."
    )
