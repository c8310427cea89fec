"""What each transform of albumentations 2.0.8 does to a picture, as a function of its arguments.

`EFFECTS` and `REFUSED` together name every one of its transforms, once.  An effect is truthful for pictures
of the frame it is asked about, and wide where a transform draws in odd ways; see `frame` for the
conventions.
"""

from __future__ import annotations

from augkit.ops.borrowed.colour import COLOUR
from augkit.ops.borrowed.cropped import CROPPED
from augkit.ops.borrowed.detail import DETAIL
from augkit.ops.borrowed.frame import Effect, Frame
from augkit.ops.borrowed.moved import MOVED
from augkit.ops.borrowed.warped import WARPED

__all__ = ["EFFECTS", "EXACT", "REFUSED", "RGB_ONLY", "Effect", "Frame"]

EFFECTS: dict[str, Effect] = {**MOVED, **WARPED, **CROPPED, **COLOUR, **DETAIL}

_VOLUMES = "works on volumes, not on pictures"
_BOXES = "places what it does by boxes or masks, which classification has not"
_OTHERS = "needs other pictures or records beside the one it is given"
_TYPE = "changes the type or range of the numbers, which belongs to the network's input"

REFUSED: dict[str, str] = {
    "CenterCrop3D": _VOLUMES,
    "CoarseDropout3D": _VOLUMES,
    "CubicSymmetry": _VOLUMES,
    "Pad3D": _VOLUMES,
    "PadIfNeeded3D": _VOLUMES,
    "RandomCrop3D": _VOLUMES,
    "ToTensor3D": _VOLUMES,
    "AtLeastOneBBoxRandomCrop": _BOXES,
    "BBoxSafeRandomCrop": _BOXES,
    "ConstrainedCoarseDropout": _BOXES,
    "CropNonEmptyMaskIfExists": _BOXES,
    "MaskDropout": _BOXES,
    "RandomCropNearBBox": _BOXES,
    "RandomSizedBBoxSafeCrop": _BOXES,
    "FDA": _OTHERS,
    "HistogramMatching": _OTHERS,
    "Mosaic": _OTHERS,
    "OverlayElements": _OTHERS,
    "PixelDistributionAdaptation": _OTHERS,
    "TextImage": "writes text over the picture, which needs a font and the text",
    "FromFloat": _TYPE,
    "Normalize": _TYPE,
    "ToFloat": _TYPE,
    "ToRGB": _TYPE,
    "ToTensorV2": _TYPE,
    "Lambda": "runs a function of yours, of which nothing is known",
}
"""Why a transform cannot serve classification here."""

RGB_ONLY = frozenset({
    "ChannelDropout", "ChromaticAberration", "HEStain", "ISONoise", "PlanckianJitter", "RandomFog",
    "RandomGravel", "RandomRain", "RandomSnow", "RandomSunFlare", "Spatter",
})  # fmt: skip
"""Transforms that take three channels and no other number."""

EXACT = frozenset({
    "CenterCrop", "Crop", "CropAndPad", "Pad", "PadIfNeeded", "RandomCrop", "RandomSizedCrop",
})  # fmt: skip
"""Transforms whose windows count pixels: what they do to a larger picture is more, not less."""
