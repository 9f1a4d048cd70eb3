"""Mothership: where a fleet of EdgeBot nodes reports to."""

from importlib.metadata import version

__version__ = version("mothership")
