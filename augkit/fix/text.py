"""A policy as the text of its file: numbers replaced, steps and waivers removed, all else kept as written."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Mapping

from augkit import document, policy
from augkit.document import Item
from augkit.policy import Policy
from augkit.steps import Step

_TOKEN = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_DASH = re.compile(r"-(?=\s)")

_MOST_PLACES = 12

_Edit = tuple[int, int, str]
"""Offsets in the text, and what to write there instead."""


@dataclasses.dataclass(frozen=True)
class Number:
    """Place one number of a step's range in the text: `value` now, `still` where it does nothing."""

    start: int
    end: int
    value: float
    still: float

    def scaled(self, factor: float, *, nearest: bool) -> float:
        """Return the number moved towards `still`, with three significant digits or, close to `still`, two of
        the distance: the nearest such number, or the next on the side of `still`.
        """
        exact = self.still + factor * (self.value - self.still)
        if exact == self.still or factor == 1:
            return exact
        places = min(max(2 - _magnitude(exact), 1 - _magnitude(exact - self.still), 0), _MOST_PLACES)
        if nearest and abs(round(exact, places) - self.still) <= abs(self.value - self.still):
            return round(exact, places)
        scaled = exact * 10.0**places
        return (math.floor(scaled) if exact > self.still else math.ceil(scaled)) / 10.0**places


@dataclasses.dataclass(frozen=True)
class Text:
    """Hold the text of a policy file, and `file`, where it was read from, for messages."""

    text: str
    file: str

    @functools.cached_property
    def policy(self) -> Policy:
        """Return the policy; PolicyError where the text is not one."""
        return policy.read(self._tree)

    @functools.cached_property
    def _tree(self) -> Item:
        return document.parse(self.text, self.file)

    def numbers(self, step: Step) -> list[Number]:
        """Return the written numbers of a step that can be moved to where they do nothing."""
        body = self._chain(step.path)[-1].value
        out: list[Number] = []
        for drawn in step.op.drawn():
            if drawn.still is not None and isinstance(body, dict) and drawn.name in body:
                ends = body[drawn.name].sequence()
                out += [Number(end.start, end.end, end.number(), drawn.still) for end in ends]
        return out

    def replaced(self, numbers: Mapping[Number, float]) -> Text:
        """Return the text with some numbers replaced; those that stay as they are keep their spelling."""
        return self._edited(
            [
                (n.start, n.end, f"{value:.{_MOST_PLACES}g}")
                for n, value in numbers.items()
                if value != n.value
            ]
        )

    def without_step(self, path: str) -> Text:
        """Return the text without the step or choice at `path`; a choice goes with the last step in it."""
        chain = self._chain(path)
        while not isinstance(chain[-2].value, list) or len(chain[-2].value) == 1:
            if chain[-2].path == "steps":
                return self._edited(self._emptied(chain[-2]))
            chain.pop()
        owner, holder, entry = chain[-3:]
        edits = [self._cut(holder, holder.value, entry)]
        if isinstance(owner.value, dict) and "n" in owner.value:
            counts = owner.value["n"]
            for end in counts.value if isinstance(counts.value, list) else [counts]:
                edits.append((end.start, end.end, str(min(end.value, len(holder.value) - 1))))
        return self._edited(edits)

    def without_op(self, path: str, name: str) -> Text:
        """Return the text with one op more left out of the suite at `path`."""
        suite = self._chain(path)[-1]
        if not isinstance(suite.value, dict) or "without" not in suite.value:
            return self._edited([self._entered(suite, f"without: [{name}]")])
        listed = suite.value["without"]
        if not listed.value:
            return self._edited([(listed.start, listed.end, f"[{name}]")])
        if listed.flow:
            return self._edited([self._before(listed.value[0].begin, name, flow=True)])
        return self._edited([self._before(self._dash(listed, listed.value[0]), f"- {name}", flow=False)])

    def spelled(self, step: Step) -> Text:
        """Return the text with the ranges of a step written out that it leaves to their defaults, as far as
        they can be moved to where they do nothing.
        """
        body = self._chain(step.path)[-1]
        given = body.value if isinstance(body.value, dict) else {}
        left = [
            f"{number.name}: [{number.low:g}, {number.high:g}]"
            for number in step.op.drawn()
            if number.still is not None and number.name not in given
            if not number.low == number.high == number.still
        ]
        flow = not given or body.flow
        column = 0 if flow else next(iter(given.values())).begin
        between = ", " if flow else "\n" + " " * (column - self.text.rfind("\n", 0, column) - 1)
        return self._edited([self._entered(body, between.join(left))]) if left else self

    def added(self, path: str, entry: str) -> tuple[int, int, str]:
        """Return the edit (start, end, what to write there) that adds an entry to the settings of the step at
        `path`: last where they stand in brackets, else first.
        """
        body = self._chain(path)[-1]
        if isinstance(body.value, dict) and body.value and body.flow:
            last = list(body.value.values())[-1]
            return last.end, last.end, f", {entry}"
        return self._entered(body, entry)

    def item(self, path: str) -> Item:
        """Return the value at `path`, such as `steps[1].rotate`."""
        return self._chain(path)[-1]

    def without_waiver(self, code: str) -> Text:
        """Return the text without the waiver of a rule; the key `allow` goes with its last waiver."""
        holder = self._tree.value["allow"]
        entry = holder.value[code]
        if len(holder.value) == 1:
            holder, entry = self._tree, holder
        return self._edited([self._cut(holder, list(holder.value.values()), entry)])

    def _chain(self, path: str) -> list[Item]:
        """Return the values on the way to `path`, the whole file first."""
        chain = [self._tree]
        for key, index in _TOKEN.findall(path):
            chain.append(chain[-1].value[key or int(index)])
        return chain

    def _edited(self, edits: list[_Edit]) -> Text:
        out = self.text
        for start, end, instead in sorted(edits, reverse=True):
            out = out[:start] + instead + out[end:]
        return Text(out, self.file)

    def _emptied(self, holder: Item) -> list[_Edit]:
        """Leave no entry in the list of steps."""
        if holder.flow:
            return [(holder.start, holder.end, "[]")]
        colon = self.text.index(":", holder.begin + len("steps")) + 1
        return [(colon, colon, " []"), self._cut(holder, holder.value, holder.value[0])]

    def _entered(self, holder: Item, entry: str) -> _Edit:
        """Write another entry first into the settings of a step or suite, which may be a bare word so far."""
        if isinstance(holder.value, str):
            return holder.start, holder.end, f"{holder.value}: {{{entry}}}"
        if not holder.value:
            colon = self.text.index(":", holder.begin) + 1  # an empty value is anywhere after it
            end = holder.end if holder.end > holder.start else colon
            return colon, end, f" {{{entry}}}"
        return self._before(next(iter(holder.value.values())).begin, entry, flow=holder.flow)

    def _before(self, at: int, entry: str, *, flow: bool) -> _Edit:
        """Write another entry before the first of a list or mapping."""
        column = at - self.text.rfind("\n", 0, at) - 1
        return at, at, f"{entry}, " if flow else f"{entry}\n{' ' * column}"

    def _cut(self, holder: Item, entries: list[Item], entry: Item) -> _Edit:
        """Cut one entry out of a list or mapping: its lines, or what stands between its neighbours."""
        at = next(i for i, one in enumerate(entries) if one is entry)
        end = self._end(entry)
        if holder.flow:
            if at + 1 < len(entries):
                return entry.begin, entries[at + 1].begin, ""
            before = self._end(entries[at - 1])
            # A comment between the two stays, and with it the comma before it: a list may end in one.
            return (entry.begin if "#" in self.text[before : entry.begin] else before), end, ""
        begin = self._dash(holder, entry) if isinstance(holder.value, list) else entry.begin
        line = self.text.rfind("\n", 0, begin) + 1
        if self.text[line:begin].strip():  # the first entry, after another dash on the same line
            return begin, self._dash(holder, entries[at + 1]), ""
        newline = self.text.find("\n", end)
        return line, newline + 1 if newline >= 0 else len(self.text), ""

    def _dash(self, holder: Item, entry: Item) -> int:
        """Return where the dash of an entry of a list without brackets stands: below that of the list."""
        column = holder.start - self.text.rfind("\n", 0, holder.start)
        line = self.text.rfind("\n", 0, entry.begin)
        while not _DASH.match(self.text, line + column):
            line = self.text.rfind("\n", 0, line)
        return line + column

    def _end(self, entry: Item) -> int:
        return entry.begin + len(self.text[entry.begin : entry.end].rstrip())


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
