"""What a step expects of an answer.

Read ``expect`` first: the language of an ``expect`` line, which it reads into a ``claim``. ``assertions`` holds claims
against an answer; ``effort`` keeps a hostile line or answer from costing more than its share.
"""
