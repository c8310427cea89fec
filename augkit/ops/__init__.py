"""Ops: what a policy can do to a picture.  `OPS` is the one table; its keys are the names that policies use.

To add an op, write its class in the file of its family and its line here.
"""

from __future__ import annotations

from augkit.ops.blend import Cutmix, Mixup
from augkit.ops.blur import Blur, MedianBlur, MotionBlur, Sharpen
from augkit.ops.colour import ChannelDrop, ChannelShuffle, Grey, Hue, Saturation
from augkit.ops.crops import CentreCrop, Crop, RandomResizedCrop
from augkit.ops.degrade import Downscale, Jpeg
from augkit.ops.framing import Aspect, Pad, Resize
from augkit.ops.geometric import (
    FlipHorizontal,
    FlipVertical,
    QuarterTurn,
    Rotate,
    Shear,
    Shift,
    Transpose,
    Zoom,
)
from augkit.ops.histogram import Autocontrast, Clahe, Equalize
from augkit.ops.lens import Lens
from augkit.ops.light import PcaColour, WhiteBalance
from augkit.ops.noise import Noise, SaltPepper, ShotNoise
from augkit.ops.occlude import Cutout, Erase, GridMask
from augkit.ops.op import Blend, Colour, Curve, Drawn, Geometric, Kernel, Op, Projective, Tone, Values
from augkit.ops.perspective import Perspective
from augkit.ops.setting import Limits, Range, number, numbers, setting, word
from augkit.ops.tone import Brightness, Contrast, Gamma, Invert, Posterize, Solarize
from augkit.ops.warp import Elastic, GridDistortion

OPS: dict[str, type[Op]] = {
    "shift": Shift,
    "flip_horizontal": FlipHorizontal,
    "flip_vertical": FlipVertical,
    "zoom": Zoom,
    "rotate": Rotate,
    "quarter_turn": QuarterTurn,
    "transpose": Transpose,
    "shear": Shear,
    "aspect": Aspect,
    "perspective": Perspective,
    "crop": Crop,
    "random_resized_crop": RandomResizedCrop,
    "centre_crop": CentreCrop,
    "pad": Pad,
    "resize": Resize,
    "contrast": Contrast,
    "brightness": Brightness,
    "gamma": Gamma,
    "invert": Invert,
    "solarize": Solarize,
    "posterize": Posterize,
    "autocontrast": Autocontrast,
    "equalize": Equalize,
    "clahe": Clahe,
    "saturation": Saturation,
    "hue": Hue,
    "grey": Grey,
    "channel_shuffle": ChannelShuffle,
    "channel_drop": ChannelDrop,
    "white_balance": WhiteBalance,
    "pca_colour": PcaColour,
    "blur": Blur,
    "motion_blur": MotionBlur,
    "median_blur": MedianBlur,
    "sharpen": Sharpen,
    "noise": Noise,
    "shot_noise": ShotNoise,
    "salt_pepper": SaltPepper,
    "jpeg": Jpeg,
    "downscale": Downscale,
    "erase": Erase,
    "cutout": Cutout,
    "grid_mask": GridMask,
    "elastic": Elastic,
    "grid_distortion": GridDistortion,
    "lens": Lens,
    "mixup": Mixup,
    "cutmix": Cutmix,
}

__all__ = [
    "OPS",
    "Blend",
    "Colour",
    "Curve",
    "Drawn",
    "Geometric",
    "Kernel",
    "Limits",
    "Op",
    "Projective",
    "Range",
    "Tone",
    "Values",
    "number",
    "numbers",
    "setting",
    "word",
]
