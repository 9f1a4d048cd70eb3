"""Questions about stored events, and their answers: what `ports.EventReader` and the live tail understand."""
