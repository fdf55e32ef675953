"""The point's database: SQLite (WAL, full synchronisation), numbered migrations, invariants that can be checked."""
