-- What the database says of itself.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what, for ever. Holds no names and no numbers of residents, only ids.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,                 -- UTC, ISO 8601
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    actor   TEXT NOT NULL,                 -- 'resident', 'clerk:<id>', 'system', 'county'
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,                 -- the id of what it was done to
    detail  TEXT NOT NULL CHECK (json_valid(detail))
) STRICT;
CREATE INDEX audit_subject ON audit (subject);
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are kept'); END;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are final'); END;
