"""Vetting: what a plan may do to a service. Read ``plan`` first; the others look at what a step sends."""
