"""A run that writes down how much memory it holds, for the tests of the store.

    python -m tests.store.holding SOURCES OUT FORMAT WORKERS

It prints the pictures made, and of each fifth of the run the most anonymous memory held, in bytes (files that
are mapped count for nothing: the system may drop them at will), then how much it held before it began.
"""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict

from augkit import store
from augkit.sources import records
from tests.store import making

DIFFERENT = 256
EVERY = 0.05  # seconds


def source(count: int, path: Path) -> DatasetDict:
    """Make a source of so many pictures of 64×64 in a file that is mapped; some hundred are different."""
    cells = pa.array([making.picture(number, side=64) for number in range(DIFFERENT)], pa.binary())
    columns = records.features(making.DIGITS)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, columns.arrow_schema) as stream:
        for first in range(0, count, 1000):
            rows = np.arange(first, min(first + 1000, count))
            data = cells.take(pa.array(rows % DIFFERENT))
            image = pa.StructArray.from_arrays([data, pa.nulls(len(rows), pa.string())], ["bytes", "path"])
            keys = pa.array([f"k{row:07d}" for row in rows.tolist()])
            table = pa.table([keys, image, pa.array(rows % 10)], schema=columns.arrow_schema)
            stream.write_table(table)
    return DatasetDict(train=Dataset.from_file(str(path)))


def held() -> int:
    """Return how many bytes of memory this process holds, mapped files aside."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"RssAnon:\s*(\d+) kB", status)
    assert found is not None
    return 1024 * int(found[1])


def main() -> None:
    """Generate, and print what was held."""
    count, out, name, workers = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    plan = making.plan(copies=1, originals=False)
    store.generate(plan, making.source(20), out.with_name("first"), format=name, progress=False)  # loads all
    data, before, seen, over = source(count, out.with_name("keys.arrow")), held(), [], threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            seen.append(held())

    watching = threading.Thread(target=watch)
    watching.start()
    made = store.generate(plan, data, out, format=name, workers=workers, progress=False)
    over.set()
    watching.join()
    fifths = [max(part.tolist()) for part in np.array_split(np.array([before, *seen]), 5)]
    print(made.pictures, *fifths, before)


if __name__ == "__main__":
    main()
