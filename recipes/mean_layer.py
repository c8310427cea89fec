"""A layer that subtracts the mean picture from crops of pictures, each at the place where it was cut."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


class MeanSubtraction(keras.layers.Layer):
    """Subtract from each picture its own part of the mean picture.

    The part is read at the picture's pixel centres, between pixels of the mean by its straight line, and
    mirrored where the picture is. Where all of a picture comes from whole pixels, that is the paper's
    subtraction before the crop. It works in float32 whatever the precision.

    Inputs:  pictures N x H x W x C, and windows N x 4 as `augkit.feed.windows` has them
    Output:  float32 N x H x W x C
    Source:  Krizhevsky et al. 2012, section 2
    """

    def __init__(self, mean: np.ndarray, **kwargs: Any) -> None:
        """Make the layer for a mean picture, S x T x C; 1 x 1 x C is a mean of each channel."""
        super().__init__(dtype="float32", **kwargs)
        self._values = np.asarray(mean, dtype=np.float32)

    def build(self, input_shape: Any) -> None:
        """Hold the mean as a weight that is not trained."""
        self.mean = self.add_weight(shape=self._values.shape, trainable=False, name="mean")
        self.mean.assign(self._values)

    def call(self, inputs: Any) -> Any:
        """Subtract."""
        pictures, windows = inputs
        pictures = ops.cast(pictures, "float32")
        left, top, right, bottom = ops.split(windows, 4, axis=1)
        rows, columns, channels = self.mean.shape
        down = _shares(top, bottom, pictures.shape[1], rows)
        across = _shares(left, right, pictures.shape[2], columns)
        part = ops.matmul(down, ops.reshape(self.mean, (rows, columns * channels)))
        part = ops.reshape(part, (-1, pictures.shape[1], columns, channels))
        return pictures - ops.einsum("nwt,nhtc->nhwc", across, part)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the pictures' shape."""
        return input_shape[0]


def _shares(begin: Any, end: Any, pixels: int, of: int) -> Any:
    """Return what each of `of` pixels has in each of `pixels` between two edges: N x `pixels` x `of`."""
    centres = (ops.arange(pixels, dtype="float32") + 0.5) / pixels
    place = (begin + (end - begin) * centres) * of - 0.5
    place = ops.clip(place, 0.0, of - 1.0)
    return ops.relu(1.0 - ops.abs(ops.expand_dims(place, -1) - ops.arange(of, dtype="float32")))
