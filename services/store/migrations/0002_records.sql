-- What the point has to tell the county, for ever: one row a record, chained and signed.
CREATE TABLE record (
    epoch    TEXT NOT NULL,
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    hash     TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    prev     TEXT NOT NULL CHECK (length(prev) = 64),
    envelope TEXT NOT NULL CHECK (json_valid(envelope)),  -- exactly the text that is sent
    PRIMARY KEY (epoch, seq)
) STRICT;
CREATE INDEX record_kind ON record (kind);
CREATE TRIGGER record_keeps_rows BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records are kept'); END;
CREATE TRIGGER record_is_final BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records are final'); END;

-- What the county has not answered for yet. A row goes only in the transaction that writes its settlement.
CREATE TABLE outbox (
    ordinal   INTEGER PRIMARY KEY,                    -- grows with every row: the oldest leaves first
    record_id TEXT NOT NULL UNIQUE REFERENCES record (id),
    epoch     TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    priority  INTEGER NOT NULL,                       -- of a channel's records, smaller leaves first
    channel   TEXT NOT NULL,                          -- the last part of the topic
    published INTEGER NOT NULL DEFAULT 0,             -- how often it was handed to the broker
    refusal   TEXT,                                   -- why the broker did not take it the last time
    UNIQUE (epoch, seq),
    FOREIGN KEY (epoch, seq) REFERENCES record (epoch, seq)
) STRICT;
CREATE INDEX outbox_order ON outbox (channel, priority, ordinal);

-- What the county answered.
CREATE TABLE settlement (
    record_id TEXT PRIMARY KEY REFERENCES record (id),
    verdict   TEXT NOT NULL CHECK (verdict IN ('stored', 'refused')),
    reason    TEXT CHECK ((verdict = 'refused') = (reason IS NOT NULL)),
    at        TEXT NOT NULL                           -- UTC, ISO 8601
) STRICT, WITHOUT ROWID;
CREATE INDEX settlement_refused ON settlement (verdict) WHERE verdict = 'refused';
CREATE TRIGGER settlement_keeps_rows BEFORE DELETE ON settlement BEGIN SELECT RAISE(ABORT, 'settlements are kept'); END;
CREATE TRIGGER settlement_is_final BEFORE UPDATE ON settlement BEGIN SELECT RAISE(ABORT, 'settlements are final'); END;

-- The alarms that are active now: an alarm is recorded when it begins and when it ends, once each.
CREATE TABLE active_alarm (
    source TEXT NOT NULL,
    fault  TEXT NOT NULL,
    since  TEXT NOT NULL,                             -- UTC, ISO 8601
    PRIMARY KEY (source, fault)
) STRICT, WITHOUT ROWID;
