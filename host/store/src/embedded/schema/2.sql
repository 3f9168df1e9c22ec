-- Form 2. Logs may be cut off at their old end.

-- The last entry of each log that is gone, and its digest: the first that is left hangs on it.
CREATE TABLE anchor (
    log TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
