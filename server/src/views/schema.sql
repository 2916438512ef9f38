-- Views: rows derived from the log for reading. Everything here can be thrown away and made again.
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- How far each stream has been projected, and when its newest entry came.
CREATE TABLE IF NOT EXISTS streams (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, prefix BLOB NOT NULL,
  received INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS incarnations (
  id INTEGER PRIMARY KEY, incarnation BLOB NOT NULL UNIQUE, device BLOB NOT NULL
);
-- One row an entry; `record` is the id of a row of `records`, none when it could not be told.
CREATE TABLE IF NOT EXISTS entries (
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, incarnation INTEGER NOT NULL, log_seq INTEGER NOT NULL,
  record INTEGER, device BLOB NOT NULL, user BLOB NOT NULL, claimed INTEGER NOT NULL,
  received INTEGER NOT NULL, verdict INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
-- Places whose item the log could not give when they were passed: damaged, or made at what is.
CREATE TABLE IF NOT EXISTS gaps (
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
-- Not unique: a log from before may hold two entries under one name, and both were acknowledged.
CREATE INDEX IF NOT EXISTS entries_log ON entries (stream, incarnation, log_seq);
CREATE INDEX IF NOT EXISTS entries_record ON entries (record, stream, seq) WHERE record IS NOT NULL;
CREATE INDEX IF NOT EXISTS entries_refused ON entries (received) WHERE verdict >= 2;
CREATE INDEX IF NOT EXISTS entries_late ON entries (received) WHERE verdict = 1;
-- One row a record, over all its parts. A record that only refused entries name has no form.
CREATE TABLE IF NOT EXISTS records (
  id INTEGER PRIMARY KEY, record BLOB NOT NULL UNIQUE, grid TEXT NOT NULL, form TEXT NOT NULL,
  live INTEGER NOT NULL, form_version INTEGER NOT NULL, status TEXT, deleted INTEGER NOT NULL,
  conflicts INTEGER NOT NULL, title TEXT NOT NULL, title_class INTEGER NOT NULL,
  -- What a list by title goes by.
  title_key TEXT NOT NULL DEFAULT '',
  household BLOB, household_class INTEGER NOT NULL,
  lat INTEGER, lon INTEGER, place_class INTEGER NOT NULL, missing INTEGER NOT NULL, late INTEGER NOT NULL,
  -- When it was first captured and last changed: as the devices say, never after that was received.
  captured INTEGER NOT NULL, changed INTEGER NOT NULL, received INTEGER NOT NULL,
  -- When the server first received an edit of it.
  first_received INTEGER NOT NULL,
  -- 1: a household, 2: a visit, 0: anything else, as the form says that it was last written with (see work.rs).
  means INTEGER NOT NULL DEFAULT 0,
  -- 0: nothing to do, 1: a task to be acknowledged, 2: to be done, 3: done and not closed,
  -- 4: to be done and suspended in time (see work.rs).
  work INTEGER NOT NULL,
  -- When it is due, as its deadline says and later by what it stood suspended, and later by what it took to arrive;
  -- only of general fields.
  due INTEGER, due_received INTEGER, doer TEXT,
  -- When what it tells of happened, never after it was received; when its work was closed.
  happened INTEGER, closed INTEGER,
  -- What it refers to besides its household, such as the matter of a task.
  about BLOB, about_class INTEGER NOT NULL DEFAULT 0,
  -- Of a household: when it was last visited, 0 for never.
  visited INTEGER NOT NULL, visited_class INTEGER NOT NULL DEFAULT 1,
  -- Where it is: the tile of place.rs.
  cell INTEGER,
  -- Digest of its text in `search`, so that an edit of other fields leaves that as it is.
  words INTEGER NOT NULL,
  -- What general fields alone tell (see general.rs), times 0 where there are none; the class of status, work
  -- and closing, and that of when it happened.
  captured_general INTEGER NOT NULL DEFAULT 0, changed_general INTEGER NOT NULL DEFAULT 0,
  received_general INTEGER NOT NULL DEFAULT 0, first_received_general INTEGER NOT NULL DEFAULT 0,
  late_general INTEGER NOT NULL DEFAULT 0, conflicts_general INTEGER NOT NULL DEFAULT 0,
  missing_general INTEGER NOT NULL DEFAULT 0, main_class INTEGER NOT NULL DEFAULT 0,
  happened_class INTEGER NOT NULL DEFAULT 0,
  -- The number of its receipt; once there it stays.
  receipt TEXT,
  -- Since when it stands suspended, and how long it stood so before.
  suspended INTEGER, paused INTEGER NOT NULL DEFAULT 0
);
-- Orders. Each that ends in `changed` costs every edit a page.
CREATE INDEX IF NOT EXISTS records_changed ON records (changed, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_changed_general ON records (changed_general, id) WHERE live = 1 AND received_general > 0;
CREATE INDEX IF NOT EXISTS records_received ON records (received, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_captured ON records (captured, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_title ON records (form, title_key, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_due ON records (due, id) WHERE live = 1 AND due IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_grid ON records (grid, form, changed, id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS records_form ON records (form, status, changed, id) WHERE live = 1;
-- What few records are.
CREATE INDEX IF NOT EXISTS records_conflicts ON records (grid, id) WHERE live = 1 AND conflicts > 0;
CREATE INDEX IF NOT EXISTS records_late ON records (grid, id) WHERE live = 1 AND late = 1;
CREATE INDEX IF NOT EXISTS records_doer ON records (doer, id) WHERE live = 1 AND doer IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_household ON records (household, means, happened) WHERE household IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_about ON records (about, id) WHERE live = 1 AND about IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_receipt ON records (receipt) WHERE receipt IS NOT NULL;
-- What overviews count, each answered from the index alone.
CREATE INDEX IF NOT EXISTS records_open ON records (form, grid, work, due, due_received) WHERE live = 1 AND deleted = 0 AND work > 0;
CREATE INDEX IF NOT EXISTS records_happened ON records (form, happened, grid) WHERE live = 1 AND deleted = 0 AND happened IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_closed ON records (form, closed, grid) WHERE live = 1 AND deleted = 0 AND closed IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_visited ON records (grid, visited) WHERE live = 1 AND deleted = 0 AND means = 1;
CREATE INDEX IF NOT EXISTS records_place ON records (cell, grid, form, place_class, lat, lon) WHERE live = 1 AND deleted = 0 AND cell IS NOT NULL;
-- The steps beside the status that nothing answered since, and the one by which work was resolved on the spot: when each person last took each.
CREATE TABLE IF NOT EXISTS steps (
  action TEXT NOT NULL, user BLOB NOT NULL, record INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (action, user, record)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS steps_record ON steps (record);
-- What reports count of a record besides its columns (see measured.rs); what has none of it has no row.
CREATE TABLE IF NOT EXISTS measured (
  record INTEGER PRIMARY KEY,
  -- When the first step was taken; when the doer had done their part; whether whoever reported it did it, on the spot.
  answered INTEGER, done INTEGER, in_grid INTEGER NOT NULL,
  -- How satisfied whoever has its receipt is, from 0 to 100, and the class of that.
  satisfaction INTEGER, satisfaction_class INTEGER NOT NULL
);
-- What was chosen in the fields that reports group by.
CREATE TABLE IF NOT EXISTS chosen (
  record INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, class INTEGER NOT NULL,
  PRIMARY KEY (record, field, value)
) WITHOUT ROWID;
-- How many records, those marked as deleted left out.
CREATE TABLE IF NOT EXISTS tally (
  grid TEXT NOT NULL, form TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (grid, form)
) WITHOUT ROWID;
-- The same by coarse tile, for maps of more than a few streets; sums of places in 1e-7 degree.
CREATE TABLE IF NOT EXISTS places (
  tile INTEGER NOT NULL, grid TEXT NOT NULL, form TEXT NOT NULL, class INTEGER NOT NULL,
  n INTEGER NOT NULL, lat INTEGER NOT NULL, lon INTEGER NOT NULL, PRIMARY KEY (tile, grid, form, class)
) WITHOUT ROWID;
-- The row of a record in one sensitivity class, in the bytes of PartState.
CREATE TABLE IF NOT EXISTS parts (
  record INTEGER NOT NULL, class INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (record, class)
) WITHOUT ROWID;
-- Full text, one column a class so that a search never tells of what the reader may not read.
-- It takes in the words of the core's search; this tokenizer parts them at the spaces between and nowhere else.
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (
  general, personal, restricted, content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- What came in device logs that could not be taken, kept and shown.
CREATE TABLE IF NOT EXISTS quarantine (
  seq INTEGER PRIMARY KEY, device BLOB NOT NULL, user BLOB NOT NULL, stream TEXT NOT NULL,
  incarnation BLOB NOT NULL, first_seq INTEGER NOT NULL, entries INTEGER NOT NULL,
  problem TEXT NOT NULL, received INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS quarantine_device ON quarantine (device);
