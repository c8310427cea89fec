"""Draws: every random decision of a batch, made as arrays before any pixel is touched.

`draw` turns a policy and addresses into drawn numbers (`sampling`); everything else is arithmetic on them
(`draws`): composed maps, tone lines, the measured effect of each draw on each axis of `augkit.reach`, with
which guards and witnesses work, and what there is to render (`runs`, and `fusing`, which makes them).

Fixed letters: N draws, L steps (choices opened), K drawn numbers.
"""

from __future__ import annotations

from augkit.draw.draws import ON_THE_WAY, Draws, numbered
from augkit.draw.fusing import stands_alone
from augkit.draw.runs import Run, Use
from augkit.draw.sampling import draw
from augkit.draw.tones import bends

__all__ = ["ON_THE_WAY", "Draws", "Run", "Use", "bends", "draw", "numbered", "stands_alone"]
