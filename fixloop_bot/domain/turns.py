"""Whose turn it is: which input and which replica the n-th sample takes, so that every pair of them occurs.

Were both taken as n modulo their number, two inputs and two replicas would meet in two pairs only: a replica that is
bad for one input would never be asked for it. So each time the joint pattern would repeat, replicas move on by one.
"""

from __future__ import annotations

import math


def input_turn(number: int, inputs: int) -> int:
    """The place (from 0) of the input for the ``number``-th sample (from 1), of so many; 0 where there is none."""
    return (number - 1) % max(1, inputs)


def replica_turn(number: int, *, inputs: int, replicas: int) -> int:
    """The place (from 0) of the replica, or name server; after inputs × replicas samples every pair occurred once."""
    turn, replicas = number - 1, max(1, replicas)
    return (turn + turn // math.lcm(max(1, inputs), replicas)) % replicas
