"""The standard plan: five steps from the catalog alone. Read ``plan`` first; the others put its steps together."""
