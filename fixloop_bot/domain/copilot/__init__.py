"""What the copilot may say: the evidence of a question, and the check of every sentence against it.

Read ``citations`` first: it holds an answer against its dossier. The other modules are what it asks of a sentence.
"""
