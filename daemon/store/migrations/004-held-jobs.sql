-- A hook may go on though its job has ended, because it said so itself: the next daemon must know.
-- Such a job's history ends with HELD. The millions that just went well are not in the index.
CREATE INDEX job_held ON job (id) WHERE state = 8 AND substr(log, -8) = '"HELD"]]';
