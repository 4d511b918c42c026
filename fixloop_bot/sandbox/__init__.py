"""The sandbox: a stranger to the bot. A shop to break, a local Datadog, a local Slack, and the bot itself as a process
of its own, all talking HTTP. Nothing here imports anything of the bot."""
