"""What a secret of each kind looks like to the check."""
