"""Weights between an AlexNet in Keras and PyTorch files, in both directions, with every shape checked.

    PyTorch                            Keras
    Conv2d     weight O x I/g x H x W  kernel H x W x I/g x O; a group's filters stand together in both
    Linear     weight O x I            kernel I x O
               the first one's I is C x H x W in PyTorch and H x W x C in Keras, whatever the data format
    BatchNorm  weight, bias, running_mean, running_var    gamma, beta, moving_mean, moving_variance

torchvision's AlexNet goes into `one-weird-trick`, and there it wants pictures as it was trained on: RGB on
[0, 1] less (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225). A network with two groups goes into `paper`,
whose LRN in PyTorch is `nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)`, because PyTorch divides alpha
by five. Weights of a Caffe network mostly want BGR.

PyTorch itself is imported only to read and write files.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models import checkpoints, misfits

NORM = ("weight", "bias", "running_mean", "running_var")
# What a network of PyTorch does without a module of its own, or outside.
HIDDEN = (
    keras.layers.InputLayer,
    keras.layers.Rescaling,
    keras.layers.ZeroPadding2D,
    keras.layers.Flatten,
)


def load_torch(
    model: keras.Model,
    weights: str | Path | Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
    top: bool = True,
) -> None:
    """Put PyTorch weights into a network that `alexnet` made.

    `weights` is a file written by `torch.save`, or a state_dict of PyTorch tensors or arrays: one tower,
    with or without groups. Its modules are taken in the order in which they stand. Where that is not the
    order of `model`'s layers, `names` says in which module each is: {"conv1": "stem.conv", ...}.
    `top=False` leaves the last layer of `model` as it is, for other classes; the weights and `names` need
    not have one then.

    Raises ValueError, before anything is changed, for a tensor that is missing, left over or of another
    shape, and for what is no tensor; OSError for a file that cannot be opened; ImportError for a file where
    PyTorch is missing.
    """
    state, slots = checkpoints.tensors(weights), _slots(model)
    if names is not None:
        layers = [slot.layer.name for slot in slots]
        _check_names(names, layers if top or layers[-1] in names else layers[:-1])
        _check_modules(state, names, layers if top else layers[:-1])
    try:
        if names is None:
            modules = _in_order(state, slots, top)
        else:
            modules = [names[slot.layer.name] for slot in slots if slot.layer.name in names]
        pairs = list(zip(modules, slots, strict=False))  # the last layer may have no module
        _nothing_left(state, pairs)
        kept = None if top else slots[-1]
        values = [
            (slot.layer, _read(state, module, slot, last=slot is slots[-1]))
            for module, slot in pairs
            if slot is not kept
        ]
    except ValueError as error:
        found = {name: tuple(tensor.shape) for name, tensor in state.items()}
        own = {
            f"{slot.module}.{part}": shape
            for slot in slots
            for part, shape in zip(slot.parts, slot.shapes, strict=True)
        }
        raise ValueError(f"{error}{misfits.of_another_preset(found, own)}") from None
    for layer, arrays in values:
        layer.set_weights(arrays)


def to_torch(model: keras.Model, *, names: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
    """Return the weights of a network that `alexnet` made as a PyTorch state_dict of float32 arrays.

    Modules are called as torchvision calls them, `features.0` to `classifier.6`: for `one-weird-trick` its
    very names, for the others those of the same `nn.Sequential`s written layer by layer, padding left out.
    `names` gives others: {"conv1": "stem.conv", ...}.

    A Rescaling before the first of them has no weights and no module: the names are those of the network
    without it. PyTorch must be given pictures that are rescaled already, and a UserWarning says so.

    Raises ValueError for `names` that leave a layer out or give two of them one module.
    """
    _warn_of_rescaling(model)
    return _written(model, names)


def save_torch(model: keras.Model, path: str | Path, *, names: Mapping[str, str] | None = None) -> None:
    """Write what `to_torch` returns as a file that `torch.load` reads.

    It warns and raises as `to_torch` does, and raises ImportError without PyTorch.
    """
    torch = checkpoints.pytorch("to write a PyTorch file")
    _warn_of_rescaling(model)
    state = {name: torch.tensor(array) for name, array in _written(model, names).items()}
    beside = Path(path).with_name(Path(path).name + ".tmp")
    torch.save(state, beside)
    beside.replace(path)


def _warn_of_rescaling(model: keras.Model) -> None:
    lost = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]
    if lost:
        told = f"model {model.name!r}: layer {', '.join(lost)} is not in a state_dict"
        warnings.warn(f"{told}: give PyTorch pictures that are rescaled already", stacklevel=3)


def _written(model: keras.Model, names: Mapping[str, str] | None) -> dict[str, np.ndarray]:
    slots = _slots(model)
    if names is not None:
        _check_names(names, [slot.layer.name for slot in slots])
    state = {}
    for slot in slots:
        module = slot.module if names is None else names[slot.layer.name]
        arrays = [slot.out(np.asarray(array, dtype=np.float32)) for array in slot.layer.get_weights()]
        state |= {f"{module}.{part}": array for part, array in zip(slot.parts, arrays, strict=True)}
        if slot.parts == NORM:
            state[f"{module}.num_batches_tracked"] = np.zeros((), dtype=np.int64)
    return state


@dataclasses.dataclass(frozen=True)
class _Slot:
    """Hold a layer with weights: its PyTorch module, the parts of that, their shapes there, the ways.

    `cube` is height, width and channels of what the first dense layer sees.
    """

    layer: Any
    module: str
    parts: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    into: Callable[[np.ndarray], np.ndarray]
    out: Callable[[np.ndarray], np.ndarray]
    cube: tuple[int, ...] | None = None


def _slots(model: keras.Model) -> list[_Slot]:
    """List the layers of `model` that have weights, from the first to the last."""
    slots: list[_Slot] = []
    part, place, flat, before = "features", 0, None, None
    for layer in model.layers:
        if isinstance(layer, keras.layers.Flatten):
            # Dropout before fc6 is the last layer here and the first of torchvision's classifier.
            dropped = isinstance(before, keras.layers.Dropout)
            part, place, flat = "classifier", int(dropped), layer
        elif layer.weights:
            first = flat is not None and not any(slot.module.startswith("classifier") for slot in slots)
            slots.append(_slot(layer, f"{part}.{place}", flat if first else None))
        place += not isinstance(layer, HIDDEN)
        before = layer
    if flat is None or len(slots) < 2:
        raise ValueError(f"model: got {model.name!r}, want a network that models.alexnet.alexnet made")
    return slots


def _slot(layer: Any, module: str, flat: Any) -> _Slot:
    if isinstance(layer, keras.layers.BatchNormalization):
        return _Slot(layer, module, NORM, (tuple(layer.gamma.shape),) * 4, _same, _same)
    cube = None
    if isinstance(layer, keras.layers.Conv2D):
        into, out = _turned(2, 3, 1, 0), _turned(3, 2, 0, 1)
    elif isinstance(layer, keras.layers.Dense) and flat is not None:
        cube = _cube(flat)
        into, out = _flattened(*cube)
    elif isinstance(layer, keras.layers.Dense):
        into, out = _turned(1, 0), _turned(1, 0)
    else:
        raise ValueError(f"model: layer {layer.name!r} is a {type(layer).__name__}, which AlexNet has not")
    kernel = tuple(layer.kernel.shape)
    order = (3, 2, 0, 1) if len(kernel) == 4 else (1, 0)
    shapes: tuple[tuple[int, ...], ...] = (tuple(kernel[axis] for axis in order), (kernel[-1],))
    parts = ("weight", "bias") if layer.use_bias else ("weight",)
    return _Slot(layer, module, parts, shapes[: len(parts)], into, out, cube)


def _same(array: np.ndarray) -> np.ndarray:
    return array


def _turned(*axes: int) -> Callable[[np.ndarray], np.ndarray]:
    """Order the axes of a kernel; a bias stays."""
    return lambda array: np.ascontiguousarray(array.transpose(axes)) if array.ndim > 1 else array


def _cube(flat: Any) -> tuple[int, int, int]:
    """Return height, width and channels of what a Flatten takes."""
    shape = tuple(flat.input.shape[1:])
    # Keras's Flatten turns channels first into channels last before it flattens.
    height, width, channels = shape if flat.data_format == "channels_last" else (*shape[1:], shape[0])
    return height, width, channels


def _flattened(
    height: int, width: int, channels: int
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Return the ways of the first dense layer, which sees a flattened H x W x C, in PyTorch C x H x W."""

    def into(array: np.ndarray) -> np.ndarray:
        if array.ndim == 1:
            return array
        cube = array.reshape(len(array), channels, height, width)
        return np.ascontiguousarray(cube.transpose(2, 3, 1, 0)).reshape(-1, len(array))

    def out(array: np.ndarray) -> np.ndarray:
        if array.ndim == 1:
            return array
        cube = array.reshape(height, width, channels, -1)
        return np.ascontiguousarray(cube.transpose(3, 2, 0, 1)).reshape(array.shape[1], -1)

    return into, out


def _check_names(names: Mapping[str, str], wanted: list[str]) -> None:
    if set(names) != set(wanted):
        raise ValueError(f"names: got {', '.join(names) or 'none'}; want {', '.join(wanted)}")
    for module in names.values():
        shared = [name for name in wanted if names[name] == module]
        if len(shared) > 1:
            raise ValueError(f"names: {', '.join(shared)}: got {module!r} for each, want a module of its own")


def _check_modules(state: Mapping[str, Any], names: Mapping[str, str], layers: list[str]) -> None:
    """Refuse names that point nowhere."""
    modules = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    lost = [f"{layer}: {names[layer]!r}" for layer in layers if names[layer] not in modules]
    if lost:
        have = ", ".join(modules) or "none"
        raise ValueError(f"names: {', '.join(lost)}: no such module in the weights, which have {have}")


def _in_order(state: Mapping[str, Any], slots: list[_Slot], top: bool) -> list[str]:
    """Return the module of each layer, or of each but the last: the modules of the state in their order."""
    modules = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    if len(modules) == len(slots) or (len(modules) == len(slots) - 1 and not top):
        return modules
    layers = ", ".join(slot.layer.name for slot in slots)
    bare = len(modules) == len(slots) - 1 and all(
        f"{module}.{part}" in state and tuple(state[f"{module}.{part}"].shape) == shape
        for module, slot in zip(modules, slots, strict=False)
        for part, shape in zip(slot.parts, slot.shapes, strict=True)
    )
    raise ValueError(
        f"weights: got {len(modules)} modules ({', '.join(modules) or 'none'}), "
        f"want {len(slots)}, for {layers}"
        + ("; the last layer is missing: to keep the network's own, top=False" if bare else "")
    )


def _nothing_left(state: Mapping[str, Any], pairs: list[tuple[str, _Slot]]) -> None:
    """Refuse a tensor that no layer takes, a bias for one without bias for example."""
    taken = {f"{module}.{part}" for module, slot in pairs for part in slot.parts}
    left = [name for name in state if name not in taken]
    if left:
        raise ValueError(f"weights: {', '.join(left)}: no layer of the network takes that")


def _read(state: Mapping[str, Any], module: str, slot: _Slot, *, last: bool) -> list[np.ndarray]:
    """Return a layer's weights as Keras wants them, or say which tensor does not fit."""
    arrays = []
    for part, wanted in zip(slot.parts, slot.shapes, strict=True):
        name = f"{module}.{part}"
        if name not in state:
            raise ValueError(f"weights: {name} is missing, want it of shape {wanted} for {slot.layer.name}")
        shape = tuple(state[name].shape)
        if shape != wanted:
            told = f"weights: {name} for {slot.layer.name}: got shape {shape}, want {wanted}"
            told += misfits.of_a_kernel(shape, wanted) + misfits.of_other_pictures(shape, wanted, slot.cube)
            raise ValueError(told + (misfits.of_other_classes(shape, wanted) if last else ""))
        arrays.append(slot.into(_array(state[name])))
    return arrays


def _array(tensor: Any) -> np.ndarray:
    """Return a tensor as a float32 array, from a PyTorch tensor of any precision and device."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().float().cpu().numpy()
    return np.asarray(tensor, dtype=np.float32)
