"""The rules, pure: no input or output, no clock, no randomness, no vendor. Read ``incidents`` and ``plans`` first.

::

    incident      incidents, signals, absorption, merging, closing: its lifecycle, and what moves it
    story         happenings, setbacks, acts: its timeline, how it fell back by it, and what people did that matters
    quiet         reminders, mutes, quiet_hours: who is reminded, and when nobody is
    catalog       catalog, errors: what can break, and everything that the core may raise
    plan          plans, wants, tried, captures, filling: five steps, and how their requests are filled
    sources       standard, openapi: the plan without a model, and what a service says of itself
    gate          vetting, addresses, networks, headers, outgoing: what a plan may do; all of it is hostile until vetted
    masks         redaction, token_formats, said, calm_text: what must not be shown, and text made safe to show
    sample        samples, expectations, not_fooled, across: what came back, and whether it is what the step wants
    decision      decision, boundaries, cusum, latency, periods: broken, recovered, or nobody can say yet
    baseline      baselines, comparison, shapes, shape_nodes: what healthy answers looked like, and what has changed
    verdict       runs, verdicts, reasons: what a run has shown, by the rules of proof, and why
    words         figures, moments: numbers and times as people read them
    pictures      chart, chart_layout, spread: what a picture shows, as data, and the sentence that says the same
    overview      feed, numbers, report: all incidents in small rows, the last 30 days, and one incident as a whole
    copilot       what the copilot may say, and the check of every sentence
"""
