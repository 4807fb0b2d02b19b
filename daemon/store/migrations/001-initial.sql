-- The site's database, schema 1. A journal record is written durably before anything happens;
-- span, job and tally follow it a little later and can be made again from it.

-- Whose reign it is. Every transaction checks the epoch here before it writes.
CREATE TABLE reign (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch INTEGER NOT NULL,
  owner TEXT NOT NULL,
  -- The last journal record whose effects are in span, job and tally.
  applied_seq INTEGER NOT NULL,
  -- No id below this one is ever given out again, even when its job was removed.
  next_job_id INTEGER NOT NULL
) STRICT;
INSERT INTO reign VALUES (1, 0, '', 0, 1);

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- Ids whose specs are down but whose jobs are not in span or job yet: a large submission that is
-- still coming in (seq NULL), or one whose journal record `seq` is not applied yet.
CREATE TABLE block (
  lo INTEGER PRIMARY KEY,
  hi INTEGER NOT NULL,
  seq INTEGER
) STRICT;

-- What was asked, once per job or per array. Narrow; the request itself is in spec_body, so that
-- a million specs can be counted without reading their command lines.
CREATE TABLE spec (
  lo INTEGER PRIMARY KEY,
  hi INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  app TEXT,
  -- A single job has a name; the elements of an array are named array_name-array_first and on.
  name TEXT,
  array_name TEXT,
  array_first INTEGER,
  CHECK ((name IS NULL) = (array_name IS NOT NULL) AND (array_name IS NULL) = (array_first IS NULL))
) STRICT;
-- Specs don't overlap, so the order of hi is the order of lo, and lo comes along as the rowid:
-- ranges are read in order, and counted, from these indices alone.
CREATE UNIQUE INDEX spec_by_workflow ON spec (workflow, hi);
CREATE UNIQUE INDEX spec_by_app ON spec (app, hi) WHERE app IS NOT NULL;
-- Arrays are few even where jobs are many; this finds them among a million singles.
CREATE INDEX array_by_app ON spec (app) WHERE array_first IS NOT NULL;
CREATE UNIQUE INDEX spec_by_name ON spec (name, hi) WHERE name IS NOT NULL;
CREATE UNIQUE INDEX spec_by_array_name ON spec (array_name, hi) WHERE array_name IS NOT NULL;

CREATE TABLE spec_body (
  lo INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- Neighbouring jobs to which the same things happened: one row whatever their number.
CREATE TABLE span (
  lo INTEGER PRIMARY KEY,
  hi INTEGER NOT NULL,
  -- lo of the array's spec; NULL when each job has a spec of its own.
  spec INTEGER,
  state INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  priority REAL NOT NULL,
  cpus REAL,
  packing REAL NOT NULL,
  wall_minutes REAL NOT NULL,
  facts TEXT NOT NULL,
  log TEXT NOT NULL
) STRICT;

-- Jobs to which something happened alone.
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  spec INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  code INTEGER,
  signal INTEGER,
  log TEXT NOT NULL
) STRICT;
-- JOB_FINISHED (8) is left out: the millions that went well cost no index.
CREATE INDEX job_by_state ON job (state) WHERE state <> 8;

-- How many jobs of a workflow are in a state, over span and job.
CREATE TABLE tally (
  workflow TEXT NOT NULL,
  state INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (workflow, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE actor (
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE submission (
  key TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  receipt TEXT NOT NULL
) STRICT, WITHOUT ROWID;
