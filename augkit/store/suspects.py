"""Finding the picture that kills its process, or keeps it for ever: it costs that picture and no other.

The first attempt at a shard takes no notes.  Each later one writes down which source it turns to, so that
its end says where it was.  A source at which two attempts ended is guilty: one such end may be anybody's,
since processes are also killed from outside.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

from augkit.engines import replaceable
from augkit.store import manifest
from augkit.store.job import Job, Shard

_BEGIN, _NOBODY = "begin", "nobody"


class Suspects:
    """Watch over the sources of one attempt at a shard.

    Attributes:
        guilty: places in the shard of the sources that are not to be touched.
    """

    def __init__(self, job: Job, shard: Shard, attempt: int) -> None:
        self._path = Path(job.out, manifest.piece(shard.number)).with_suffix(".suspects")
        self._noting = attempt > 1
        self._patience = job.patience if replaceable() and hasattr(signal, "alarm") else 0
        if attempt == 1:  # what an earlier run noted may have ended with that run
            self._path.unlink(missing_ok=True)
        ends = Counter(self._ends()) if self._noting else Counter[int]()
        self.guilty = {place for place, count in ends.items() if count > 1}
        self._note(_BEGIN)

    def watch(self, place: int | None) -> None:
        """Say which source comes now; None says that what comes is nobody's fault.

        A source that takes longer than the job's patience ends the process, where that can be replaced.
        """
        if self._patience:
            signal.alarm(0 if place is None else self._patience)
        self._note(_NOBODY if place is None else str(place))

    def _note(self, word: str) -> None:
        if self._noting:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(handle, f"{word}\n".encode())
            finally:
                os.close(handle)

    def _ends(self) -> list[int]:
        """Return where each attempt that took notes ended."""
        if not self._path.exists():
            return []
        attempts = self._path.read_text("utf-8").split(f"{_BEGIN}\n")
        last = [words[-1] for words in map(str.split, attempts) if words]
        return [int(word) for word in last if word.isdecimal()]
