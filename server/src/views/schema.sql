-- Views: rows derived from the log for reading. Everything here can be thrown away and made again.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA temp_store = MEMORY;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- How far each stream has been projected.
CREATE TABLE IF NOT EXISTS streams (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, prefix BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS incarnations (
  id INTEGER PRIMARY KEY, incarnation BLOB NOT NULL UNIQUE, device BLOB NOT NULL
);
-- The newest place of each device log.
CREATE TABLE IF NOT EXISTS logs (
  stream INTEGER NOT NULL, incarnation INTEGER NOT NULL, seq INTEGER NOT NULL, link BLOB NOT NULL,
  PRIMARY KEY (stream, incarnation)
) WITHOUT ROWID;
-- One row an entry; `record` is the id of a row of `records`, none when it could not be told.
CREATE TABLE IF NOT EXISTS entries (
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, incarnation INTEGER NOT NULL, log_seq INTEGER NOT NULL,
  record INTEGER, device BLOB NOT NULL, user BLOB NOT NULL, claimed INTEGER NOT NULL,
  received INTEGER NOT NULL, verdict INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS entries_log ON entries (stream, incarnation, log_seq);
CREATE INDEX IF NOT EXISTS entries_record ON entries (record, stream, seq) WHERE record IS NOT NULL;
CREATE INDEX IF NOT EXISTS entries_refused ON entries (received) WHERE verdict >= 2;
CREATE INDEX IF NOT EXISTS entries_late ON entries (received) WHERE verdict = 1;
-- One row a record, over all its parts. A record that only refused entries name has no form.
CREATE TABLE IF NOT EXISTS records (
  id INTEGER PRIMARY KEY, record BLOB NOT NULL UNIQUE, grid TEXT NOT NULL, form TEXT NOT NULL,
  live INTEGER NOT NULL, form_version INTEGER NOT NULL, status TEXT, deleted INTEGER NOT NULL,
  conflicts INTEGER NOT NULL, title TEXT NOT NULL, title_class INTEGER NOT NULL, household BLOB,
  lat INTEGER, lon INTEGER, missing INTEGER NOT NULL, late INTEGER NOT NULL,
  captured INTEGER NOT NULL, changed INTEGER NOT NULL, received INTEGER NOT NULL,
  -- Digest of its text in `search`, so that an edit of other fields leaves that as it is.
  words INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS records_changed ON records (changed, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_grid ON records (grid, form, changed, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_form ON records (form, status, changed, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_conflicts ON records (conflicts) WHERE live = 1 AND conflicts > 0;
CREATE INDEX IF NOT EXISTS records_household ON records (household) WHERE household IS NOT NULL;
-- The row of a record in one sensitivity class, in the bytes of PartState.
CREATE TABLE IF NOT EXISTS parts (
  record INTEGER NOT NULL, class INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (record, class)
) WITHOUT ROWID;
-- Full text, one column a class so that a search never tells of what the reader may not read.
-- Chinese characters are kept apart by spaces (see text.rs), so any substring is a phrase.
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (
  general, personal, restricted, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
-- What came in device logs that could not be taken, kept and shown.
CREATE TABLE IF NOT EXISTS quarantine (
  seq INTEGER PRIMARY KEY, device BLOB NOT NULL, user BLOB NOT NULL, stream TEXT NOT NULL,
  incarnation BLOB NOT NULL, first_seq INTEGER NOT NULL, entries INTEGER NOT NULL,
  problem TEXT NOT NULL, received INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS quarantine_device ON quarantine (device);
