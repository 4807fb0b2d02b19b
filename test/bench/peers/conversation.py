"""The bench's side of a peer: reads "OPERATION COUNT" lines, answers with the seconds it took.

Answers go to descriptor 3, because the peers print what they like on stdout. Tasks are real
processes: /bin/true, run by whatever the peer's user would write. Must check every result.
"""

import json
import os
import sys
import tempfile

SCRATCH = sys.argv[1]


def run_true(path=None):
    """One task: /bin/true, its output dropped into a file when a path is given."""
    import subprocess

    if path is None:
        return subprocess.call(["/bin/true"])
    with open(path, "wb") as output:
        return subprocess.call(["/bin/true"], stdout=output, stderr=output)


def output_paths(count):
    """One path for each task, in a new directory of the scratch space."""
    directory = tempfile.mkdtemp(dir=SCRATCH)
    return [f"{directory}/{index}.out" for index in range(count)]


def converse(operations):
    """Serves until stdin ends. `operations`: name → function of a count that returns seconds."""
    os.set_inheritable(3, False)
    with os.fdopen(3, "w") as answers:
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for line in sys.stdin:
            name, count = line.split()
            seconds = operations[name](int(count))
            print(json.dumps({"seconds": seconds}), file=answers, flush=True)
