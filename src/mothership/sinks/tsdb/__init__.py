"""TimescaleDB, the SQL store."""
