"""FixLoop outside Slack: ``fixloop plan``, ``fixloop validate`` and ``fixloop replay``, in a terminal and in CI."""
