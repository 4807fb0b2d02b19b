-- Schema 5: specs may be changed after their submission (modify, retry).

-- New versions of specs, written ahead of the turn that decides them (seq NULL) or settled by the
-- journal record `seq`. They take their place in spec and spec_body with the catch-up of that
-- record, in the order of seq, so that no question sees specs that their jobs don't have yet.
CREATE TABLE spec_change (
  batch INTEGER NOT NULL,
  seq INTEGER,
  lo INTEGER NOT NULL,
  hi INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  app TEXT,
  name TEXT,
  array_name TEXT,
  array_first INTEGER,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX spec_change_by_batch ON spec_change (batch);
