"""One transform of an albumentations pipeline, as `A.to_dict` writes it."""

from __future__ import annotations

from typing import Any

from augkit.interchange.builder import Note
from augkit.policy import Policy

Transform = dict[str, Any]


class Writer:
    """Hold what the transforms of one pipeline are written with.

    Attributes:
        size:   width and height of the pictures at this place; None where they are not known.
        notes:  where the pipeline departs from the policy.
        border: the arguments that say what is shown outside the picture.
    """

    def __init__(self, policy: Policy, size: tuple[int, int] | None) -> None:
        self.size = size
        self.notes: list[Note] = []
        fill = list(policy.fill) if len(policy.fill) > 1 else policy.fill[0]
        modes = {"constant": 0, "edge": 1, "reflect": 2}
        self.border: Transform = {"border_mode": modes[policy.border], "fill": fill}

    def note(self, where: str, text: str) -> None:
        """Say that something is not carried, or otherwise."""
        self.notes.append(Note(where, text))


def leaf(name: str, p: float = 1.0, **arguments: Any) -> Transform:
    """Return a transform."""
    return {"__class_fullname__": name, "p": p, **arguments}


def composed(name: str, transforms: list[Transform], p: float, **more: Any) -> Transform:
    """Return a composition."""
    return {"__class_fullname__": name, "p": p, "transforms": transforms, **more}


def listed(given: tuple[float, float]) -> list[float]:
    """Return the ends of a range as a list."""
    return [float(end) for end in given]


def rests(given: tuple[float, float], still: float) -> bool:
    """Tell whether a range holds nothing but what does nothing."""
    return given == (still, still)
