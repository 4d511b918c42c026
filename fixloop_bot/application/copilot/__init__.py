"""The copilot: a question in an incident's thread, answered from evidence. Read ``answering`` first.

::

    question      question, turns, answering: what is asked, whose turn it is, and how it is answered
    evidence      gathering, exhibits, readings, searching, passages: everything that can be cited, read now
    model         prompt, conversation, tools: what it is told, its turns, and what it may look up
    answer        telling, talks, summary: what is said, what is kept of it, and the report's summary
    ports         speech, meaning: a model to talk with, a place where the answer appears, texts as vectors

What may be said is decided in ``domain.copilot``.
"""
