"""Question: how well does a trained network read pictures it has not seen, by one crop and by ten?

Data:     any source of augkit: a folder of classes, a Parquet file, ImageNet, the hub.
Policy:   none. The shorter side becomes 256 and the middle square stays (for a network of 224; in that
          proportion for others); from it the four corners, the centre, and all five mirrored. The network's
          probabilities of the ten are averaged, as Krizhevsky et al. 2012 do, section 4.1.
Result:   not measured yet on ImageNet.
Cost:     ten forward passes for each picture.
Command:  python -m recipes.evaluate RUN/last.keras imagenet:DIR --split validation --mean RUN/mean.npy \\
              --out OUT

Writes into OUT: evaluation.json, classes.csv, confusion-one.csv, confusion-ten.csv, and evaluation.md to
read. The network's classes must stand in the order of the source's.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from augkit import backend, policy, sources, tasks
from augkit.errors import SourceError, UsageError
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.safety import judge
from augkit.sources import records
from augkit.transform import Transform
from recipes import runs
from recipes.runs import command, comparison, report, scores
from recipes.runs.scores import Tally

if TYPE_CHECKING:
    from datasets import Dataset

CENTRE = 4  # the place of the one crop among the ten
BATCH = 16
Batch = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Scale:
    """Say how pictures of 0 to 255 become what a network was trained on: (pictures − mean) / divide.

    Both are a number, one for each channel, or an array H x W x C for the uncropped square, as the paper's
    per-pixel mean is: each crop then loses its own part of it.
    """

    mean: Any = 0.0
    divide: Any = 1.0

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Return pictures N x H x W x C as float32. Raises UsageError where the numbers do not fit them."""
        out = pictures.astype(np.float32)
        for name, value in (("mean", self.mean), ("divide", self.divide)):
            array = np.asarray(value, dtype=np.float32)
            try:
                fits = np.broadcast_shapes(array.shape, out.shape[1:]) == out.shape[1:]
            except ValueError:
                fits = False
            if not fits:
                raise UsageError(
                    f"{name}: got numbers of shape {array.shape}, but the pictures are {out.shape[1:]}",
                    fix="give one number, one for each channel, or an array as large as the pictures",
                )
            out = out - array if name == "mean" else out / array
        return out


def ten_crops(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return ten crops of each picture: N x H x W x C to N x 10 x `height` x `width` x C.

    They are top left, top right, bottom left, bottom right, centre, then the five mirrored left to right.
    Where the margin of the centre is odd, the smaller half lies above and to the left.

    Raises UsageError where the crops are larger than the pictures.
    """
    down, right = pictures.shape[1] - height, pictures.shape[2] - width
    if min(down, right) < 0:
        tall, wide = pictures.shape[1:3]
        raise UsageError(
            f"cannot take {height} x {width} pixels from pictures of {tall} x {wide}",
            fix="make the pictures larger, or take a network of smaller ones",
        )
    places = ((0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2))
    crops = np.stack([pictures[:, y : y + height, x : x + width] for y, x in places], axis=1)
    return np.concatenate([crops, crops[:, :, :, ::-1]], axis=1)


def evaluate(
    model: Any, batches: Iterable[Batch], classes: Sequence[str], scale: Scale | None = None
) -> dict[str, Tally]:
    """Count what a network reads by one crop ("one", the centre) and by ten ("ten").

    Args:
        model:   a Keras classifier; its answers are probabilities, or logits where its last layer is not a
            softmax. Its input says how large crops are.
        batches: pictures uint8 N x H x W x C, all of one size, and their labels (N,).
        classes: names, in the order of the labels and of the network's outputs.
        scale:   what makes the pictures what the network was trained on; nothing, if left out.

    Raises:
        UsageError: network, pictures and classes do not fit.
    """
    keras = backend.load()
    if model.output_shape[-1] != len(classes):
        raise UsageError(
            f"the network tells {model.output_shape[-1]} classes, but the data has {len(classes)}"
        )
    height, width, channels, first = _input(model)
    last = model.layers[-1]
    while getattr(last, "layers", None):
        last = last.layers[-1]
    softmax = isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) is keras.activations.softmax
    )
    tallies = {"one": Tally(classes), "ten": Tally(classes)}
    for pictures, labels in batches:
        crops = ten_crops((scale or Scale())(_in_colours(pictures, channels)), height, width)
        x = crops.reshape(-1, *crops.shape[2:])
        answers = np.asarray(model.predict_on_batch(x.transpose(0, 3, 1, 2) if first else x), np.float64)
        chances = answers if softmax else _softmax(answers)
        chances = chances.reshape(len(labels), 10, -1)
        tallies["one"].add(chances[:, CENTRE], labels)
        tallies["ten"].add(chances.mean(axis=1), labels)
    return tallies


def write(tallies: dict[str, Tally], out: Path, about: dict[str, Any]) -> str:
    """Write the scores of one crop and of ten into the folder `out`; return the table.

    `about` goes into evaluation.json as it is. Raises UsageError for a folder that is not empty.
    """
    _must_be_empty(out)
    found = {crops: tally.scores() for crops, tally in tallies.items()}
    rows = [["", *(f"{crops} crop{'s' * (crops == 'ten')}" for crops in found)]]
    for said, key in (("top 1", "top1"), ("top 5", "top5"), ("calibration error (ECE)", "ece")):
        rows.append([said, *(f"{100 * scored[key]:.2f} %" for scored in found.values())])
    rows.append(["loss", *(f"{scored['loss']:.4f}" for scored in found.values())])
    table = comparison.markdown(rows)
    classes = [["class", "pictures", *(f"top 1, {said}" for said in rows[0][1:]), "most often misread as"]]
    for one, ten in zip(tallies["one"].per_class(), tallies["ten"].per_class(), strict=True):
        wrong = f"{ten[4]} ({ten[5]})" if ten[5] else "-"
        classes.append([one[0], str(one[1]), f"{100 * one[2]:.1f} %", f"{100 * ten[2]:.1f} %", wrong])
    out.mkdir(parents=True, exist_ok=True)
    for crops, tally in tallies.items():
        report.write_text(out / f"confusion-{crops}.csv", scores.confusion_csv(tally))
    report.write_text(out / "classes.csv", scores.classes_csv(tallies))
    parts = [
        "# One crop and ten",
        f"{found['one']['pictures']:,} pictures.",
        table,
        comparison.markdown(classes),
    ]
    report.write_text(out / "evaluation.md", "\n\n".join(parts) + "\n")
    runs.write_json(out / "evaluation.json", {**about, **found})
    return table


def squares(part: Dataset, classes: Sequence[str], side: int, batch: int = BATCH) -> Iterator[Batch]:
    """Yield pictures uint8 N x `side` x `side` x C, the middle of each at that size, and labels (N,)."""
    steps = f"[{{resize: {{shorter: {side}}}}}, {{centre_crop: {{aspect: 1}}}}]"
    written = policy.parse(f"version: 1\ntask: none\nsteps: {steps}", "the middle square")
    safe = judge(written, tasks.load("none"), aspect=Interval(0.01, 100)).safe_policy()
    transform = Transform(Plan(safe, tuple(classes)))
    for start in range(0, len(part), batch):
        rows = transform(part[start : start + batch])
        pictures = rows["image"]
        # Files of one channel stand among coloured ones in ImageNet.
        channels = max(picture.shape[2] for picture in pictures)
        yield np.stack([_in_colours(picture, channels) for picture in pictures]), np.asarray(rows["label"])


def _input(model: Any) -> tuple[int, int, int, bool]:
    """Return height, width and channels of what a network takes, and whether its channels come first."""
    formats = (getattr(layer, "data_format", None) for layer in model.layers)
    first = next(filter(None, formats), "channels_last") == "channels_first"
    shape = model.input_shape[1:]
    if len(shape) != 3 or None in shape:
        raise UsageError(f"the network takes {shape}, want pictures of one size")
    channels, height, width = shape if first else (shape[2], *shape[:2])
    return height, width, channels, first


def _in_colours(pictures: np.ndarray, channels: int) -> np.ndarray:
    """Make grey pictures colour where the network wants it."""
    if pictures.shape[-1] == 1 and channels == 3:
        return np.repeat(pictures, 3, axis=-1)
    if pictures.shape[-1] != channels:
        raise UsageError(
            f"the network wants {channels} channel, and the pictures have {pictures.shape[-1]}",
            fix="make the data set grey first",
        )
    return pictures


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _must_be_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("something is there already", where=str(out), fix="name another folder")


def read_network(path: Path) -> Any:
    """Load a network from a .keras file. Raises SourceError for what is none."""
    keras = backend.load()
    import models.layers  # what they register is what a saved network is made of
    import models.sgd  # noqa: F401

    if not path.is_file():
        raise SourceError("there is no such file", where=str(path), fix="name the .keras file of a run")
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .keras file, which is a zip archive")
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = (str(error).strip("'\"") or type(error).__name__).splitlines()[0]
        raise SourceError(f"no network that can be read ({said})", where=str(path)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, evaluate, write, print; return the exit code."""
    options = _parser().parse_args(arguments)
    return command.ended(lambda: _run(options), options.out, "nothing is written; run it again")


def _run(options: argparse.Namespace) -> str:
    from rich.console import Console
    from rich.progress import track

    _must_be_empty(options.out)
    model = read_network(options.network)
    data = sources.load(options.data, limit=options.limit)
    if options.split not in data:
        raise UsageError(f"no split {options.split!r}, only {', '.join(data)}", fix="name one: --split")
    part, classes = data[options.split], records.class_names(data)
    height, width, _, _ = _input(model)
    canvas = options.canvas or _canvas(options.mean, max(height, width))
    if canvas < max(height, width):
        raise UsageError(
            f"got squares of {canvas} pixels, and the network takes {height} x {width}",
            where=str(options.network),
            fix=f"--canvas N, with N from {max(height, width)}",
        )
    batches = track(
        squares(part, classes, canvas),
        "ten crops",
        total=-(-len(part) // BATCH),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    tallies = evaluate(model, batches, classes, Scale(options.mean, options.divide))
    about = {
        "network": str(options.network),
        "data": options.data,
        "split": options.split,
        "canvas": canvas,
        "crop": [height, width],
        "classes": list(classes),
    }
    table = write(tallies, options.out, about)
    return f"{table}\n\nwritten: {options.out / 'evaluation.md'}, and more beside it"


def _canvas(mean: np.ndarray | float, side: int) -> int:
    """Return the side of the square: that of a mean picture, or 8/7 of the crop's."""
    picture = np.ndim(mean) == 3 and np.shape(mean)[0] > 1
    return int(np.shape(mean)[0]) if picture else round(side * 256 / 224)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipes.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", type=Path, help="a .keras file")
    parser.add_argument("data", metavar="SOURCE", help="what `augkit build` takes, for example a folder")
    parser.add_argument("--split", default="test", help="default test")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="at most N pictures, spread over the classes"
    )
    parser.add_argument(
        "--canvas",
        type=_count,
        metavar="N",
        help="pixels of the square; default those of a mean picture, or 8/7 of the crop",
    )
    numbers = "a number, one for each channel (1,2,3), or a .npy file"
    parser.add_argument(
        "--mean", type=_numbers, default=0.0, help=f"what is subtracted: {numbers}; default 0"
    )
    parser.add_argument(
        "--divide", type=_divisors, default=1.0, help=f"what divides then: {numbers}; default 1"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the scores go")
    return parser


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"got {text!r}, want a whole number from 1")
    return int(text)


def _numbers(text: str) -> np.ndarray:
    try:
        read = np.load(text) if text.endswith(".npy") else np.array([float(n) for n in text.split(",")])
        found = np.asarray(read, dtype=np.float32)
    except (OSError, EOFError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, want 1,2,3 or a .npy file of numbers") from error
    if not np.isfinite(found).all():
        raise argparse.ArgumentTypeError(f"got {text!r}, want finite numbers")
    return found


def _divisors(text: str) -> np.ndarray:
    found = _numbers(text)
    if not found.all():
        raise argparse.ArgumentTypeError(f"got {text!r}, want numbers other than 0")
    return found


if __name__ == "__main__":
    sys.exit(main())
