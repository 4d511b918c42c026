"""What texts mean, from all-MiniLM-L6-v2 in a process of its own: the optional extra ``embeddings``.

The model with its runtime takes 0.5 s and 230 MiB to load, and some ten milliseconds of a processor for a text. A
process that starts with the first search and ends when nobody searches keeps all of that away from the event loop.
"""
