"""Pictures as PNG, drawn with matplotlib in a process of their own.

matplotlib takes half a second and 60 MiB to load. A process that draws one picture and ends keeps both away from the
event loop, which has to answer Slack in milliseconds, and gives the memory back.
"""
