"""What `mothership` can be told to do, one command a file."""
