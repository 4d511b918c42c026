"""A service's own OpenAPI document: its operations, the requests they describe, and what may vary in them."""
