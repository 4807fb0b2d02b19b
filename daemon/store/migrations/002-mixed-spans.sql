-- Schema 2: neighbouring jobs that differ only in how they are placed share a span, too.

-- NULL: all jobs of the span have the shape of its columns. Else {"shapes":[…],"members":"…"}: the
-- shape of each job, by a character of `members`.
ALTER TABLE span ADD COLUMN mix TEXT;
