"""What a regular expression needs in a text: prefilters are derived from that."""
