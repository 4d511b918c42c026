"""Slack, spoken to: everything that FixLoop shows there. What Slack says to FixLoop is ``entrypoints/slack``.

::

    calls         api, limits, own_paces, standing, scopes: each call keeps to Slack's limits, and has two ways to fail
    cards         board, placing, refusals, pictures, storm_board: an incident's messages, brought up to date in place
    answers       podium, pages, stage, earlier, markdown, suggestions: the copilot's words, while they are written
    feed          home, crier: App Home, and reminders
    people        directory, messages: who they are, and what they have written
    reports       canvas, files: documents and pictures
    blocks        every message and form as a pure function of state (a package of its own)
"""
