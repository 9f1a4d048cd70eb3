"""OUT: where events rest."""
