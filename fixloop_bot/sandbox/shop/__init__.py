"""A shop that can be broken on purpose: an ordinary HTTP service with faults switched by name."""

from .faults import FAULTS, Fault, State
from .server import REPLICAS, Shop

__all__ = ["FAULTS", "REPLICAS", "Fault", "Shop", "State"]
