"""IN: who calls, is it well formed, may it enter."""
