"""Fix: the smallest change to a policy's file that makes it safe, found by judging and shown as a diff."""

from __future__ import annotations

from augkit.fix.file import save
from augkit.fix.repair import Fixed, fix
from augkit.fix.text import Text

__all__ = ["Fixed", "Text", "fix", "save"]
