"""What a step expects of an answer.

Read ``expect`` first: the language of an ``expect`` line. ``assertions`` holds lines against an answer; ``effort``
keeps a hostile line or answer from costing more than its share.
"""
