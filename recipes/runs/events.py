"""What TensorBoard shows of a run: every number of its history, by epoch."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from recipes.runs.folder import Row

# val_loss stands beside loss as TensorBoard groups them: by what is before the last slash.
TAGS = {
    "loss": "loss/training",
    "val_loss": "loss/watched",
    "accuracy": "accuracy/training",
    "val_accuracy": "accuracy/watched",
}


@contextlib.contextmanager
def writer(folder: Path) -> Iterator[Callable[[Row], None]]:
    """Give what writes an epoch's row into the folder as TensorBoard's events, readable at once.

    A run that goes on writes another file beside the first, and TensorBoard shows both as one line. Without
    the package tensorboardX nothing is written, and standard error says so.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        print("no events for TensorBoard: pip install tensorboardX", file=sys.stderr)
        yield lambda row: None
        return
    events = SummaryWriter(str(folder))

    def write(row: Row) -> None:
        for name, value in row.items():
            if name != "epoch":
                events.add_scalar(TAGS.get(name, name), value, int(row["epoch"]))
        events.flush()

    try:
        yield write
    finally:
        events.close()
