-- Clerks. A clerk who has left stays, for the sake of what refers to the clerk.
CREATE TABLE clerk (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('A', 'B')),
    pin_hash     TEXT NOT NULL,                        -- argon2id, with its parameters and salt
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    locked_until TEXT,                                 -- UTC, ISO 8601, as every time below
    left_at      TEXT
) STRICT, WITHOUT ROWID;

-- Residents. Whatever tells who they are is locked; see docs/storage.md.
CREATE TABLE resident (
    id           TEXT PRIMARY KEY,
    number_index BLOB NOT NULL UNIQUE CHECK (length(number_index) = 32),  -- keyed digest, to find a number
    number       BLOB NOT NULL,                        -- locked for resident/<id>/number
    name         BLOB NOT NULL,                        -- locked for resident/<id>/name
    added_at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE finger (
    id          TEXT PRIMARY KEY,
    resident_id TEXT NOT NULL REFERENCES resident (id),
    position    INTEGER NOT NULL CHECK (position BETWEEN 1 AND 10),       -- ISO/IEC 19794-2
    algorithm   TEXT NOT NULL,
    templates   BLOB NOT NULL,                         -- locked for finger/<id>/templates
    quality     INTEGER CHECK (quality BETWEEN 0 AND 100),
    enrolled_at TEXT NOT NULL,
    UNIQUE (resident_id, position)
) STRICT, WITHOUT ROWID;

-- Which finger the reader's library holds where. `stored` is set after the module has said so.
CREATE TABLE library_slot (
    slot      INTEGER PRIMARY KEY CHECK (slot >= 0),
    finger_id TEXT NOT NULL UNIQUE REFERENCES finger (id) ON DELETE CASCADE,
    stored    INTEGER NOT NULL DEFAULT 0 CHECK (stored IN (0, 1))
) STRICT;

-- An enrolment, from its consent on.
CREATE TABLE enrolment (
    id          TEXT PRIMARY KEY,
    resident_id TEXT REFERENCES resident (id),         -- known once it is saved
    clerk_id    TEXT NOT NULL REFERENCES clerk (id),
    consent     TEXT NOT NULL,                         -- the version of the text that was agreed to
    started_at  TEXT NOT NULL,
    trusted     INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    state       TEXT NOT NULL CHECK (state IN ('started', 'saved', 'left')),
    record_id   TEXT UNIQUE REFERENCES record (id),
    CHECK ((state = 'saved') = (record_id IS NOT NULL AND resident_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- A visit to the screen, from its consent on.
CREATE TABLE visit (
    id         TEXT PRIMARY KEY,
    consent    TEXT NOT NULL,
    started_at TEXT NOT NULL,
    trusted    INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    state      TEXT NOT NULL CHECK (state IN ('started', 'certified', 'left'))
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_started ON visit (state) WHERE state = 'started';

-- A resident cannot come or cannot be read.
CREATE TABLE home_visit (
    id               TEXT PRIMARY KEY,
    resident_id      TEXT NOT NULL REFERENCES resident (id),
    year             INTEGER NOT NULL,
    reason           TEXT NOT NULL,
    clerk_id         TEXT NOT NULL REFERENCES clerk (id),
    requested_at     TEXT NOT NULL,
    record_id        TEXT NOT NULL UNIQUE REFERENCES record (id),
    state            TEXT NOT NULL CHECK (state IN ('open', 'done', 'needless')),  -- needless: certified otherwise
    visited_on       TEXT,                             -- a date in Asia/Shanghai
    CHECK ((state = 'done') = (visited_on IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX home_visit_open ON home_visit (resident_id) WHERE state = 'open';

-- A certification: once a resident and year, each with one record, never changed.
CREATE TABLE certification (
    id              TEXT PRIMARY KEY,
    resident_id     TEXT NOT NULL REFERENCES resident (id),
    year            INTEGER NOT NULL CHECK (year BETWEEN 2020 AND 2200),
    method          TEXT NOT NULL CHECK (method IN ('finger', 'attested', 'home_visit')),
    visit_id        TEXT UNIQUE REFERENCES visit (id),
    home_visit_id   TEXT UNIQUE REFERENCES home_visit (id),
    finger          TEXT,                              -- its name in records, such as right_index
    clerk_id        TEXT REFERENCES clerk (id),
    second_clerk_id TEXT REFERENCES clerk (id),
    review_required INTEGER NOT NULL CHECK (review_required IN (0, 1)),
    certified_at    TEXT NOT NULL,
    trusted         INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    record_id       TEXT NOT NULL UNIQUE REFERENCES record (id),
    UNIQUE (resident_id, year),
    CHECK ((visit_id IS NULL) <> (home_visit_id IS NULL)),
    CHECK ((method = 'home_visit') = (home_visit_id IS NOT NULL)),
    CHECK ((method = 'finger') = (finger IS NOT NULL)),
    CHECK ((method = 'finger') = (clerk_id IS NULL)),
    CHECK ((method = 'finger') = (second_clerk_id IS NULL)),
    CHECK (clerk_id <> second_clerk_id),
    CHECK (review_required = (method <> 'finger'))
) STRICT, WITHOUT ROWID;
CREATE INDEX certification_year ON certification (year, certified_at);
CREATE TRIGGER certification_keeps_rows BEFORE DELETE ON certification
BEGIN SELECT RAISE(ABORT, 'certifications are kept'); END;
CREATE TRIGGER certification_is_final BEFORE UPDATE ON certification
BEGIN SELECT RAISE(ABORT, 'certifications are final'); END;

-- How far the printed slip of a certification is. The only thing about it that changes.
CREATE TABLE slip (
    certification_id TEXT PRIMARY KEY REFERENCES certification (id),
    state            TEXT NOT NULL CHECK (state IN ('waiting', 'printing', 'printed', 'failed')),
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),    -- how often printing was begun
    problem          TEXT,
    changed_at       TEXT NOT NULL,
    CHECK ((state = 'failed') = (problem IS NOT NULL)),
    CHECK ((state = 'waiting') = (attempts = 0))
) STRICT, WITHOUT ROWID;

-- A clerk has confirmed that the clock shows the right date, although nothing else says so.
CREATE TABLE date_confirmation (
    id           INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,                        -- what the clock showed
    clerk_id     TEXT NOT NULL REFERENCES clerk (id),
    after_record INTEGER NOT NULL CHECK (after_record >= 0)  -- rowid of the newest one then: those before say nothing now
) STRICT;
