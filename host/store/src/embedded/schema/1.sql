-- Form 1. A later form is a file of its own that changes this one: a released form is never edited.

-- Values that change under a condition.
CREATE TABLE value (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- Logs that only grow. Each entry's digest covers the one before, so that a change anywhere shows.
CREATE TABLE entry (
    log TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (log, sequence)
) STRICT, WITHOUT ROWID;

-- One counter for all revisions: a key that is deleted and put again never gets a revision that it had.
CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('revision', 0);
