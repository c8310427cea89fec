"""The feed: a plan and a data set → batches for Keras, augmented while the network trains."""

from __future__ import annotations

from augkit.feed.feed import Feed

__all__ = ["Feed"]
