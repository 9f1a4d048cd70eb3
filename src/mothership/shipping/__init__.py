"""The node's side of the door: read files as events, and ship them."""
