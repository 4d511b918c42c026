"""The use cases. They decide with ``domain`` and reach everything outside through ports; no vendor is known here.

An incident's way, from its alert to its report::

    intake        intake, inbox, watch, declaring, storms: a signal, a metric or a person opens an incident
    plan          planning, proposals, editing, drafts, starters, checklist: five vetted steps, and who changes them
    run           validation, execution, proving, replaying: who starts a run, what performs it, what follows from it
    steps         performance, sampling, readings, schedule, budget, tally, findings, lateness, change: one run's steps
    proof         evidence, baseline, details: what telemetry, healthy times and a single step have to say
    ending        resolution, merging: people end an incident, or make one of two
    state         ledger, kept, sweep: the one way to change an incident, and what brings cut-off work to its end

What people see and ask for::

    thread        threads, views, novelty, attention, signpost: the cards in Slack, and how soon each is drawn again
    wishes        wishes, desk, precedence, deeds, permissions, whereabouts, mentions: what is asked, by whom, may they
    people        people, linking, timeline, asking, muting, reminders: who is on it, and what they do beside runs
    feed          feed, feed_rows, feed_views, curves, listing: App Home, and the lists of commands
    pictures      charts, occasions: what is drawn, and when
    report        reporting, filing: what is written at the end, and where it is put
    traffic       brake: the kill switch
    copilot       questions in the thread, answered with citations (a package of its own)

What adapters implement::

    ports         ports, jobs, errands, directory, mute_ports, papers, pictures: protocols, in the core's words
"""
