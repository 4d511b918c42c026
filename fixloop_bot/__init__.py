"""FixLoop: says in the incident's thread whether production has recovered, and proves it."""

__version__ = "0.1.0"
