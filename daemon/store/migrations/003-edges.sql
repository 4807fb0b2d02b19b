-- Schema 3: parents and children.

-- Jobs child..child_last come after jobs parent..parent_last: each end is one job or a whole array.
-- The arrays of either column don't overlap each other, so the one over a job is found by its end.
CREATE TABLE edge (
  child INTEGER NOT NULL,
  child_last INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  parent_last INTEGER NOT NULL,
  PRIMARY KEY (child, child_last, parent, parent_last)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_by_parent ON edge (parent);
CREATE INDEX edge_of_arrays ON edge (child_last) WHERE child_last > child;
CREATE INDEX edge_from_arrays ON edge (parent_last) WHERE parent_last > parent;
