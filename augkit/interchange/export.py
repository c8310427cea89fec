"""augkit's policies as albumentations pipelines."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from augkit.errors import UsageError
from augkit.interchange.albumentations import VERSION
from augkit.interchange.builder import Note
from augkit.interchange.leaf import Transform, Writer, composed, leaf
from augkit.interchange.looks import LOOKS
from augkit.interchange.moves import MOVES
from augkit.ops import OPS, Geometric
from augkit.ops.foreign import Albumentations
from augkit.policy import Policy
from augkit.steps import Choice, Node

WRITERS = {**MOVES, **LOOKS}
"""How each op is written; what is not here, albumentations has nothing for that means the same."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """Hold a policy as `A.from_dict` reads it.

    Attributes:
        document: what to save as YAML or JSON.
        notes:    where the pipeline departs from the policy.
    """

    document: dict[str, Any]
    notes: tuple[Note, ...]


def to_albumentations(policy: Policy, size: tuple[int, int] | None = None) -> Exported:
    """Write a policy as an albumentations pipeline.

    Args:
        policy: what to write.
        size:   width and height of the pictures; steps that count pixels there need it.
    """
    writer = _Exporter(policy, size)
    steps = writer.sequence(policy.steps)
    if policy.on_unsafe != "refuse":
        writer.note(
            policy.place("on_unsafe"),
            f"albumentations cannot {policy.on_unsafe} what a class does not survive",
        )
    document = {"__version__": VERSION, "transform": composed("Compose", steps, 1.0)}
    return Exported(document, tuple(writer.notes))


def compose(policy: Policy, size: tuple[int, int] | None = None) -> Any:
    """Return a policy as an `albumentations.Compose`; UsageError where a step cannot be said in it."""
    exported = to_albumentations(policy, size)
    left_out = [note for note in exported.notes if "left out" in note.text]
    if left_out:
        raise UsageError(left_out[0].text, where=left_out[0].where, fix="take the step out, or give the size")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations

    return albumentations.from_dict(exported.document)


class _Exporter(Writer):
    """Turn steps into transforms."""

    def node(self, node: Node) -> list[Transform]:
        """Return the transforms of one step or choice; none where it cannot be said."""
        if isinstance(node, Choice):
            return self._choice(node)
        if node.p == 0:
            return []
        if isinstance(node.op, Albumentations):
            return [leaf(node.op.name, node.p, **json.loads(node.op.arguments))]
        word = next((name for name, kind in OPS.items() if kind is type(node.op)), node.name)
        made = WRITERS[word](self, node.op, node) if word in WRITERS else None
        if made is None:
            self.note(node.where, f"albumentations has nothing that means the same as {word}: it is left out")
            return []
        if isinstance(node.op, Geometric) and node.op.reshapes and self.size is not None:
            self.size = node.op.size_after(*self.size)
        return _together(made, node.p)

    def sequence(self, nodes: tuple[Node, ...]) -> list[Transform]:
        """Return the transforms of some steps, one after the other."""
        return [made for node in nodes for made in self.node(node)]

    def _choice(self, choice: Choice) -> list[Transform]:
        branches = [
            composed(
                "Sequential", [made for node in branch for made in self.node(node)] or [leaf("NoOp")], 1.0
            )
            for branch in choice.branches
        ]
        counts = range(choice.least, choice.most + 1)
        if choice.most == 1 and choice.least == 1:
            return [composed("OneOf", branches, choice.p)]
        some = [
            composed("SomeOf", branches, 1.0, n=count, replace=False) if count else leaf("NoOp")
            for count in counts
        ]
        if len(some) == 1:
            return [{**some[0], "p": choice.p}]
        return [composed("OneOf", some, choice.p)]


def _together(made: list[Transform], p: float) -> list[Transform]:
    if p == 1 or not made:
        return made
    return [{**made[0], "p": p}] if len(made) == 1 else [composed("Sequential", made, p)]
