"""Names and spellings of Balsam 0.3: a script written for it runs as it is."""
import json
import os
import subprocess
import sys
import textwrap
import unittest
import uuid

import balsam
from balsam.core import models
from balsam.core.models import ApplicationDefinition, BalsamJob
from balsam.launcher import dag, futures


class Scripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = balsam.current_site()
        cls.allocation = cls.site.submit_launch(wall_time_minutes=60, cpus_per_node=2)
        dag.add_app("say", "echo said", description="says")

    @classmethod
    def tearDownClass(cls):
        cls.site.cancel_allocation(cls.allocation["id"])

    def setUp(self):
        self.workflow = f"wf-{uuid.uuid4().hex[:8]}"

    def add(self, name, **fields):
        return dag.add_job(**{"name": name, "workflow": self.workflow, "application": "say",
                              "node_packing_count": 2, **fields})

    def held(self, name, **fields):
        """A job that runs until it is let go, and how to do that."""
        go = os.path.join(self.site.path, f"{self.workflow}-{name}.go")
        wait = f"while [ ! -e {go} ]; do sleep 0.02; done"
        job = self.add(name, application=None, command=["sh", "-c", wait], **fields)

        def release():
            open(go, "w", encoding="utf-8").close()

        self.addCleanup(release)
        return job, release

    def test_outside_of_a_job(self):
        self.assertEqual((dag.JOB_ID, dag.current_job, dag.parents, dag.children), (None,) * 4)
        self.assertEqual((dag.TIMEOUT, dag.ERROR), (False, False))
        with self.assertRaises(RuntimeError):
            dag.spawn_child(name="x")

    def test_add_job_in_the_order_of_old(self):
        job = dag.add_job("first", self.workflow, "say", "a description", "some words",
                          environ_vars="A=1:B=x:y", node_packing_count=2, input_files="*.dat in.txt",
                          data={"x": [1, 2]})
        found = BalsamJob.objects.get(pk=job.pk)
        self.assertEqual((found.name, found.application, found.description, found.args),
                         ("first", "say", "a description", "some words"))
        self.assertEqual(found.input_files, "*.dat in.txt")
        self.assertEqual(found.environ_vars, {"A": "1", "B": "x:y"})
        self.assertEqual(found.data, {"x": [1, 2]})
        self.assertIsInstance(found.job_id, int)
        found.wait(60)
        self.assertEqual(found.state, "JOB_FINISHED")
        self.assertEqual(found.read_file_in_workdir("first.out"), "said some words\n")
        with self.assertRaises(ValueError):
            found.read_file_in_workdir("nothing.there")
        self.assertGreaterEqual(found.runtime_seconds, 0)
        self.assertEqual(found.cute_id, f"[first | {found.pk}]")

    def test_unknown_fields_are_refused(self):
        with self.assertRaisesRegex(ValueError, "nme"):
            dag.add_job(nme="x")

    def test_history_reads_as_text(self):
        job = self.add("told").wait(60)
        self.assertRegex(job.state_history,
                         r"\[\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{6} JOB_FINISHED\]")
        states = [state for _, state in job.get_state_times()]
        self.assertEqual(states[-1], "JOB_FINISHED")
        self.assertIn("JOB_FINISHED", job.get_recent_state_str())

    def test_dependencies(self):
        root, release = self.held("root")
        a, b = self.add("a", parents=[root]), self.add("b", parents=[root.pk])
        leaf = self.add("leaf", parents=json.dumps([a.pk]))
        dag.add_dependency(b, leaf)
        with self.assertRaisesRegex(RuntimeError, "already exists"):
            dag.add_dependency(str(b.pk), leaf.pk)
        with self.assertRaisesRegex(RuntimeError, "circular"):
            dag.add_dependency(leaf, BalsamJob.objects.filter(pk=a.pk))
        self.assertEqual(sorted(BalsamJob.objects.get(pk=leaf.pk).get_parents_by_id()),
                         sorted([a.pk, b.pk]))
        self.assertEqual({each.name for each in root.get_children()}, {"a", "b"})
        self.assertEqual(a.get_child_by_name("leaf").pk, leaf.pk)
        with self.assertRaises(ValueError):
            root.get_child_by_name("nobody")
        release()
        leaf.wait(60)
        self.assertEqual(leaf.state, "JOB_FINISHED")

    def test_kill_takes_the_subtree_and_nothing_else(self):
        root, release = self.held("root")
        a, d = self.add("A", parents=[root]), self.add("D", parents=[root])
        below = [self.add(name, parents=[a]) for name in "BC"]
        e = self.add("E", parents=[d])
        dag.kill(a)
        release()
        e.wait(60)
        self.assertEqual(e.state, "JOB_FINISHED")
        for job in (a, *below):
            job.refresh_from_db()
            self.assertEqual(job.state, "USER_KILLED")

    def test_wf_from_template(self):
        one = self.add("one", args="1")
        self.add("two", args="2", parents=[one])
        copies = dag.wf_from_template(self.workflow, f"{self.workflow}-copy", two={"args": "other"})
        self.assertEqual(sorted(copies.values_list("name", "args")), [("one", "1"), ("two", "other")])
        first, second = copies.get(name="one"), copies.get(name="two")
        self.assertEqual(second.get_parents_by_id(), [first.pk])
        with self.assertRaises(ValueError):
            dag.wf_from_template("nobody-has-this", "x")

    def test_apps(self):
        app = dag.add_app("changing", "echo one", preprocess="")
        self.assertEqual(app.executable, "echo one")
        dag.add_app("changing", "echo two")
        self.assertEqual(ApplicationDefinition.objects.get(name="changing").executable, "echo two")
        self.assertIn("changing", [each.name for each in dag.get_apps()])
        self.assertTrue(ApplicationDefinition.objects.filter(name="changing").exists())

    def test_databases(self):
        self.assertEqual(dag.get_active_database(), self.site.path)
        self.assertIn(self.site.path, dag.get_database_paths())

    def test_source(self):
        self.assertEqual(BalsamJob.source.by_states("FAILED").filter(workflow=self.workflow).count(), 0)
        self.assertEqual(len(models.STATES), 14)
        runnable = BalsamJob.source.get_runnable(max_nodes=1, serial_only=True)
        self.assertGreaterEqual(runnable.count(), 0)

    def test_futures(self):
        seen = []

        def done(job, factor, offset=0):
            seen.append(job.name)
            return len(job.name) * factor + offset

        tasks = [futures.FutureTask(self.add(f"task{each}"), done, None, 10, offset=each)
                 for each in range(3)]
        bad = futures.FutureTask(self.add("bad", application=None, command=["false"]), done,
                                 lambda job, *_, **__: "failed well")
        worse = futures.FutureTask(self.add("worse", application=None, command=["false"]), done)
        slow = futures.FutureTask(self.held("slow")[0], done)
        result = futures.wait(tasks + [bad, worse], timeout=60, return_when="ALL_COMPLETED",
                              poll_period=0.05)
        self.assertEqual([len(each) for each in result], [0, 3, 2, 0])
        self.assertEqual([each.result() for each in tasks], [50, 51, 52])
        self.assertEqual([each.result() for each in tasks], [50, 51, 52])
        self.assertEqual(sorted(seen), ["task0", "task1", "task2"])
        self.assertEqual(bad.result(), "failed well")
        with self.assertRaises(futures.TaskFailed):
            worse.result()
        self.assertTrue(slow.active)
        with self.assertRaises(TimeoutError):
            futures.wait([slow], timeout=0.2, poll_period=0.05)
        slow.cancel()
        self.assertTrue(slow.cancelled)
        self.assertIsNone(slow.result())

    def test_a_task_spawns_its_children(self):
        script = textwrap.dedent("""
            import balsam.launcher.dag as dag
            if dag.current_job.name == "parent":
                child = dag.spawn_child(clone=True, name="child", args=dag.current_job.args)
                print(dag.JOB_ID, child.get_parents_by_id(), len(dag.parents), len(dag.children))
        """)
        path = os.path.join(self.site.path, f"{self.workflow}.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        app = dag.add_app(f"app-{self.workflow}", f"{sys.executable} {path}")
        package = os.path.dirname(os.path.dirname(balsam.__file__))
        job = dag.add_job("parent", self.workflow, app.name, node_packing_count=2,
                          environ_vars={"PYTHONPATH": package}).wait(60)
        self.assertEqual(job.read_output(), f"{job.pk} [{job.pk}] 0 0\n")
        child = BalsamJob.objects.get(workflow=self.workflow, name="child").wait(60)
        self.assertEqual((child.state, child.environ_vars), ("JOB_FINISHED", {"PYTHONPATH": package}))
        self.assertIn(child, list(job.get_children()))

    def test_a_job_that_is_gone(self):
        done = subprocess.run(
            [sys.executable, "-c", "import balsam.launcher.dag"], capture_output=True, text=True,
            env={**os.environ, "BALSAM_JOB_ID": "999999999"})
        self.assertIn("RuntimeError: BALSAM_JOB_ID is 999999999", done.stderr)


if __name__ == "__main__":
    unittest.main()
