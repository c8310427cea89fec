"""Starter: a first policy for a task, proved safe, and a task file for classes of one's own."""

from __future__ import annotations

from augkit.starter.classes import own_task
from augkit.starter.policy import MODELINE, starter

__all__ = ["MODELINE", "own_task", "starter"]
