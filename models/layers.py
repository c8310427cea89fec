"""The layers of AlexNet that Keras lacks: response normalisation, and convolutions that work everywhere."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def named_format(data_format: str | None) -> str:
    """Return a data format, Keras's own setting for None. Raises ValueError for a name that is none."""
    given = keras.config.image_data_format() if data_format is None else data_format
    if given not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format: got {given!r}, want 'channels_last' or 'channels_first'")
    return str(given)


@keras.saving.register_keras_serializable(package="augkit")
class LocalResponseNormalization(keras.layers.Layer):
    """Divide each activation by its neighbours in `n` channels: x_i / (k + alpha * sum of x_j^2)^beta.

    Shape:  N x H x W x C (or N x C x H x W with `data_format="channels_first"`), unchanged
    Edges:  channels outside count as zero
    Source: Krizhevsky et al. 2012, section 3.3. Caffe and PyTorch divide alpha by n; this layer does not.
    Under mixed precision the sum is taken in float32. Raises ValueError for an even `n` and for a
    `data_format` of another name.
    """

    def __init__(
        self,
        k: float = 2.0,
        n: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the layer; `data_format` is Keras's own setting if not given."""
        super().__init__(**kwargs)
        if n < 1 or n % 2 == 0:
            raise ValueError(f"n: got {n}, want an odd number of channels")
        self.k, self.n, self.alpha, self.beta = k, n, alpha, beta
        self.data_format = named_format(data_format)

    def call(self, inputs: Any) -> Any:
        """Normalise `inputs` across channels."""
        x = ops.cast(inputs, "float32") if self.compute_dtype in ("float16", "bfloat16") else inputs
        axis = -1 if self.data_format == "channels_last" else 1
        index = ops.arange(x.shape[axis])
        # A product with a band of ones is the fastest windowed sum over channels on every backend.
        near = ops.abs(ops.expand_dims(index, 0) - ops.expand_dims(index, 1)) <= self.n // 2
        band = ops.cast(near, x.dtype)
        square = ops.square(x)
        sums = ops.matmul(square, band) if axis == -1 else ops.einsum("nchw,cd->ndhw", square, band)
        scale = self.k + self.alpha * sums
        if self.beta == 0.75:
            root = ops.rsqrt(scale)
            return ops.cast(x * root * ops.sqrt(root), inputs.dtype)
        return ops.cast(x * ops.power(scale, -self.beta), inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of, for saving."""
        return {
            **super().get_config(),
            "k": self.k,
            "n": self.n,
            "alpha": self.alpha,
            "beta": self.beta,
            "data_format": self.data_format,
        }


@keras.saving.register_keras_serializable(package="augkit")
class SplitConv2D(keras.layers.Conv2D):
    """Convolve in groups, as one ordinary convolution for each group, concatenated.

    It has the weights and the meaning of `keras.layers.Conv2D(groups=...)`. TensorFlow has no gradient for
    a grouped convolution on CPU, and the grouped gradients of JAX and TensorFlow are 2.5 to 4 times slower
    than these. Nor does TensorFlow convolve with channels first on every CPU: it is given channels last, and
    its graphs for GPUs lose the turning again.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve each group of channels with its share of the filters."""
        if self.data_format == "channels_first" and keras.backend.backend() == "tensorflow":
            last = self._in_groups(ops.transpose(inputs, (0, 2, 3, 1)), kernel, "channels_last")
            return ops.transpose(last, (0, 3, 1, 2))
        return self._in_groups(inputs, kernel, self.data_format)

    def _in_groups(self, inputs: Any, kernel: Any, data_format: str) -> Any:
        def convolve(x: Any, w: Any) -> Any:
            return ops.conv(x, w, list(self.strides), self.padding, data_format, self.dilation_rate)

        if self.groups == 1:
            return convolve(inputs, kernel)
        axis = -1 if data_format == "channels_last" else 1
        shares = ops.split(inputs, self.groups, axis=axis)
        filters = ops.split(kernel, self.groups, axis=-1)
        return ops.concatenate([convolve(x, w) for x, w in zip(shares, filters, strict=True)], axis=axis)
