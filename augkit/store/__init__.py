"""Data sets on disk, or on an object store: written whole or not at all, resumed, and verified.

OUT/<split>/<class>/<name>-<copy>.png   the pictures, where each is a file; copy 0 is the original, unchanged
                                        but for the size, where the policy gives every picture another
OUT/data/<split>-00000-of-00020.*       or the shards, in Parquet, WebDataset or Arrow files: see FORMATS
OUT/README.md                           the card: tells people and `datasets.load_dataset` what is here
OUT/croissant.json                      the same for machines: MLCommons Croissant
OUT/contact-sheet.png                   what was made, to look at
OUT/augkit.json                         written last: says that all is there, and what belongs to it
OUT/.augkit/manifest.parquet            each picture: source, copy, labels, drawn values, SHA-256
OUT/.augkit/plan.json                   everything that decides the bytes, to tell another request by
OUT/.augkit/policy.resolved.yaml        the policy in full; task.yaml, the task
OUT/.augkit/quarantine.json             sources that could not be read, with reasons
OUT/.augkit/leaks.json                  pictures that stand in several splits, where there are such
OUT/.augkit/run/                        locks, log, finished shards, checks: what depends on time and machine
"""

from __future__ import annotations

from augkit.store.checking import Verified, tree_hash, verify
from augkit.store.copies import parsed as copies_of
from augkit.store.forecast import Forecast
from augkit.store.formats import FORMATS
from augkit.store.merging import merge
from augkit.store.part import Part
from augkit.store.part import parsed as part_of
from augkit.store.replaying import Replayed, replay
from augkit.store.run import Generated
from augkit.store.stopping import Interrupted
from augkit.store.writing import build, dry_run, generate, sample

__all__ = [
    "FORMATS",
    "Forecast",
    "Generated",
    "Interrupted",
    "Part",
    "Replayed",
    "Verified",
    "build",
    "copies_of",
    "dry_run",
    "generate",
    "merge",
    "part_of",
    "replay",
    "sample",
    "tree_hash",
    "verify",
]
