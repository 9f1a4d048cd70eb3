"""The node's side of `/ingest`: read files as events, and ship them."""
