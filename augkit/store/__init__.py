"""Data sets on disk: written whole or not at all, resumed, and verified.

OUT/<split>/<class>/<name>-<copy>.png      the pictures; copy 0 is the original OUT/README.md
the card, which tells `datasets.load_dataset` how to read the folder OUT/contact-sheet.png
what was made, to look at OUT/augkit.json                            written last: the data set is complete,
with the hash of its tree OUT/.augkit/manifest.parquet               every picture: source, copy, labels
before and after, drawn values, sha256 OUT/.augkit/plan.json, policy.resolved.yaml, task.yaml,
quarantine.json OUT/.augkit/run/                           lock, log and finished shards: all that depends
on time and machine
"""

from __future__ import annotations

from augkit.store.checking import Verified, tree_hash, verify
from augkit.store.writing import Generated, Interrupted, build, generate

__all__ = ["Generated", "Interrupted", "Verified", "build", "generate", "tree_hash", "verify"]
