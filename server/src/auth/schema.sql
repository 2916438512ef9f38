CREATE TABLE IF NOT EXISTS users (
  user_id BLOB PRIMARY KEY, blocked INTEGER NOT NULL DEFAULT 0, changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS accounts (
  login TEXT PRIMARY KEY, user_id BLOB NOT NULL UNIQUE, salt BLOB NOT NULL, hash BLOB NOT NULL,
  memory_kib INTEGER NOT NULL, passes INTEGER NOT NULL, lanes INTEGER NOT NULL, changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS failures (
  subject BLOB PRIMARY KEY, count INTEGER NOT NULL, last_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS failures_by_age ON failures (last_ms);

CREATE TABLE IF NOT EXISTS devices (
  device_id BLOB PRIMARY KEY, user_id BLOB NOT NULL, public_key BLOB, state INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, label TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS devices_by_user ON devices (user_id);

-- What phones say of themselves when they sync: only the newest, and no history of it.
CREATE TABLE IF NOT EXISTS device_reports (
  device_id BLOB PRIMARY KEY, pending INTEGER NOT NULL, clock_skew_ms INTEGER NOT NULL, library TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Phones that said that they wiped themselves.
CREATE TABLE IF NOT EXISTS wipe_receipts (device_id BLOB PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refresh_families (
  handle_hash BLOB PRIMARY KEY, user_id BLOB NOT NULL, device_id BLOB NOT NULL,
  current_hash BLOB NOT NULL, previous_hash BLOB,
  created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_by_device ON refresh_families (device_id);
CREATE INDEX IF NOT EXISTS refresh_by_age ON refresh_families (created_ms);

-- Tokens given beside the newest of a family, when its predecessor was shown more than once: good until one of them or the newest is used (until_ms is NULL), and a little after.
CREATE TABLE IF NOT EXISTS refresh_siblings (
  token_hash BLOB PRIMARY KEY, handle_hash BLOB NOT NULL, given_ms INTEGER NOT NULL, until_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_siblings_by_family ON refresh_siblings (handle_hash);

-- Sessions of the dashboard, by the hash of the cookie's token.
CREATE TABLE IF NOT EXISTS cookie_sessions (
  token_hash BLOB PRIMARY KEY, user_id BLOB NOT NULL, device_id BLOB NOT NULL,
  created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cookies_by_user ON cookie_sessions (user_id);

CREATE TABLE IF NOT EXISTS enrolments (
  enrolment_id BLOB PRIMARY KEY, code_hash BLOB NOT NULL UNIQUE, user_id BLOB NOT NULL,
  created_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, nonce BLOB,
  withdrawn INTEGER NOT NULL DEFAULT 0, device_id BLOB
) STRICT, WITHOUT ROWID;

-- Who gave a person access, by setting their password or inviting a phone, and when they last did.
CREATE TABLE IF NOT EXISTS access_given (
  user_id BLOB NOT NULL, by_user BLOB NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (user_id, by_user)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS signing_keys (
  kid TEXT PRIMARY KEY, sealed BLOB NOT NULL, public BLOB NOT NULL, created_ms INTEGER NOT NULL, retired_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS server_key (
  id INTEGER PRIMARY KEY, sealed BLOB NOT NULL, public BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, who BLOB NOT NULL, device BLOB NOT NULL,
  what TEXT NOT NULL, scope TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS audit_is_never_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_never_cut BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- Up to which entry of a device log supervisors have seen a record, for the one who wrote it. Who saw it is not kept.
CREATE TABLE IF NOT EXISTS seen (
  user_id BLOB NOT NULL, record BLOB NOT NULL, stream TEXT NOT NULL, incarnation BLOB NOT NULL,
  seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (user_id, record, stream, incarnation)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS seen_by_user ON seen (user_id, revision);
CREATE TABLE IF NOT EXISTS seen_revision (
  id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO seen_revision (id, revision) VALUES (1, 0);

-- What somebody looked at and put away, as of when.
CREATE TABLE IF NOT EXISTS put_away (
  kind TEXT NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL, by_user BLOB NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Requests that their callers named, and what was decided on them; none of their words.
CREATE TABLE IF NOT EXISTS requests (
  user_id BLOB NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, at_ms INTEGER NOT NULL, answer TEXT,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS requests_by_time ON requests (at_ms);


-- As earlier versions kept them, in clear; what is found here is sealed at the next start.
CREATE TABLE IF NOT EXISTS saved_views (
  user_id BLOB NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, changed_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;

-- The newest time the server went by.
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), newest_ms INTEGER NOT NULL) STRICT;

-- How far each stream of the log goes, a witness outside of it.
CREATE TABLE IF NOT EXISTS log_witness (
  stream BLOB PRIMARY KEY, seq INTEGER NOT NULL, prefix BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_witness_epoch (
  id INTEGER PRIMARY KEY CHECK (id = 1), epoch BLOB NOT NULL
) STRICT;

-- The changes of the directory as the log holds them, a second time.
CREATE TABLE IF NOT EXISTS directory_copy (
  seq INTEGER PRIMARY KEY, item_key BLOB NOT NULL, item_hash BLOB NOT NULL, bytes BLOB NOT NULL
) STRICT;
-- Those that are lost for good, by the operator's word.
CREATE TABLE IF NOT EXISTS directory_lost (seq INTEGER PRIMARY KEY) STRICT;

-- What people keep of the dashboard, sealed, since words of a search may be personal.
CREATE TABLE IF NOT EXISTS sealed_views (
  user_id BLOB NOT NULL, name_hash BLOB NOT NULL, sealed BLOB NOT NULL, changed_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, name_hash)
) STRICT, WITHOUT ROWID;

-- The key that push services know this server by.
CREATE TABLE IF NOT EXISTS push_key (
  id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL
) STRICT;
-- Where a phone is told of new work, sealed: the address alone is enough to write to it.
CREATE TABLE IF NOT EXISTS push_subscriptions (
  device_id BLOB PRIMARY KEY, sealed BLOB NOT NULL, changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- However a device's right to sync ends, nothing is sent to it from then on.
CREATE TRIGGER IF NOT EXISTS push_ends_with_the_device AFTER UPDATE OF state ON devices WHEN NEW.state <> 0
  BEGIN DELETE FROM push_subscriptions WHERE device_id = NEW.device_id; END;

-- Report templates, and the numbers kept of those that are made by themselves; both sealed.
CREATE TABLE IF NOT EXISTS reports (id BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report_runs (
  report BLOB NOT NULL, at_ms INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (report, at_ms)
) STRICT, WITHOUT ROWID;
