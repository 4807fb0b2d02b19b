"""Sets of jobs: lazy, narrowed by the daemon."""
import os
import threading
import unittest
import uuid

import balsam
from balsam import Job, Q


class Sets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.workflow = f"wf-{uuid.uuid4().hex[:8]}"
        cls.made = [Job(name=f"j{i}", workflow=cls.workflow, command=["echo", "a b", str(i)],
                        data={"r": {"e": i / 2}, "kind": "odd" if i % 2 else "even"},
                        tags={"exp": "foo" if i < 10 else "bar"}, priority=i % 3,
                        input_files=["*.in", "x y"], environment={"A": "1:2"}, max_retries=1,
                        wall_time_minutes=5)
                    for i in range(30)]
        cls.returned = Job.objects.bulk_create(cls.made)
        cls.all = Job.objects.filter(workflow=cls.workflow)

    def test_bulk_create_fills_ids(self):
        numbers = [job.id for job in self.made]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 30)))
        self.assertEqual(self.returned, self.made)

    def test_conditions(self):
        for expected, jobs in [
            (30, self.all),
            (12, self.all.filter(name__contains="1")),
            (11, self.all.filter(name__startswith="j1")),
            (1, self.all.filter(name="j7")),
            (1, self.all.filter(name__iexact="J7")),
            (2, self.all.filter(name__in=["j7", "j8", "nobody"])),
            (19, self.all.filter(data__r__e__gt=5)),
            (20, self.all.filter(data__r__e__gte=5)),
            (5, self.all.filter(data__r__e__range=(1, 3))),
            (15, self.all.filter(data__kind="odd")),
            (15, self.all.filter(data__contains={"kind": "odd"})),
            (0, self.all.filter(data__nothing__gt=0)),
            (30, self.all.filter(data__nothing__isnull=True)),
            (30, self.all.filter(data__has_key="kind")),
            (10, self.all.filter(tags__exp="foo")),
            (20, self.all.exclude(tags__exp="foo")),
            (10, self.all.filter(priority=2)),
            (5, self.all.filter(priority=2).filter(data__kind="odd")),
            (20, self.all.filter(Q(priority=2) | Q(priority=1))),
            (10, self.all.filter(~Q(priority=2), ~Q(priority=1))),
            (20, self.all.filter(priority=2) | self.all.filter(priority=1)),
            (5, self.all.filter(priority=2) & self.all.filter(data__kind="odd")),
            (2, self.all.filter(pk__in=[self.made[0], self.made[1]])),
            (0, self.all.none()),
            (30, self.all.filter(state__in=["READY", "PREPROCESSED"])),
            (0, self.all.filter(state="RUNNING")),
        ]:
            with self.subTest(str(jobs._where)):
                self.assertEqual(jobs.count(), expected)
                self.assertEqual(len(jobs), expected)

    def test_orders_and_slices(self):
        names = self.all.order_by("-data__r__e").values_list("name", flat=True)
        self.assertEqual(list(names[:3]), ["j29", "j28", "j27"])
        self.assertEqual(list(names[3:5]), ["j26", "j25"])
        self.assertEqual(names[4], "j25")
        self.assertEqual(names[10:20].count(), 10)
        self.assertEqual(list(names[10:20][2:4]), ["j17", "j16"])
        self.assertEqual(self.all.first().name, "j0")
        self.assertEqual(self.all.last().name, "j29")
        self.assertEqual(self.all.reverse().first().name, "j29")
        with self.assertRaises(IndexError):
            self.all[30]

    def test_pages_follow_each_other(self):
        self.assertEqual([job.id for job in self.all.iterator(7)], [job.id for job in self.made])
        ordered = self.all.order_by("-id").iterator(7)
        self.assertEqual([job.id for job in ordered], [job.id for job in reversed(self.made)])

    def test_values(self):
        self.assertEqual(self.all.filter(name="j3").values("name", "data__r__e").get(),
                         {"name": "j3", "data__r__e": 1.5})
        self.assertEqual(list(self.all.filter(name="j3").values_list("id", "state")),
                         [(self.made[3].id, self.all.get(name="j3").state)])
        self.assertEqual(sorted(self.all.values_list("priority", flat=True).distinct()), [0, 1, 2])
        self.assertEqual(self.all.filter(name="j3").values_list("command", flat=True)[0],
                         ["echo", "a b", "3"])
        with self.assertRaises(TypeError):
            self.all.values_list("name", "id", flat=True)

    def test_a_job_comes_back_without_loss(self):
        job = self.all.get(name="j3")
        self.assertEqual(job.command, ["echo", "a b", "3"])
        self.assertEqual(job.input_files, ["*.in", "x y"])
        self.assertEqual(job.environment, {"A": "1:2"})
        self.assertEqual((job.priority, job.max_retries, job.wall_time_minutes), (0, 1, 5))
        self.assertEqual(job.tags, {"exp": "foo"})
        self.assertEqual(job.data, {"r": {"e": 1.5}, "kind": "odd"})
        self.assertEqual(job.changed(), [])
        self.assertTrue(job.working_directory.endswith(f"/{self.workflow}/j3_{job.id}"))

    def test_in_place_changes_are_seen(self):
        job = self.all.get(name="j3")
        job.data["r"]["e"] = 7
        job.tags["exp"] = "baz"
        self.assertEqual(sorted(job.changed()), ["data", "tags"])
        job.refresh_from_db()
        self.assertEqual(job.data["r"]["e"], 1.5)
        self.assertEqual(job.changed(), [])

    def test_sets_are_lazy_and_remember(self):
        before = len(self.all.filter(name="late"))
        later = self.all.filter(name="late")
        Job(name="late", workflow=self.workflow, command=["true"]).save()
        self.addCleanup(self.all.filter(name="late").delete)
        self.assertEqual((before, len(later)), (0, 1))
        self.all.filter(name="late").delete()
        self.assertEqual(len(later), 1)
        self.assertEqual(later.all().count(), 0)

    def test_get_says_what_is_wrong(self):
        with self.assertRaises(Job.DoesNotExist):
            self.all.get(name="nobody")
        with self.assertRaises(Job.MultipleObjectsReturned):
            self.all.get(priority=1)
        with self.assertRaisesRegex(balsam.BalsamError, "nme.*did you mean name"):
            self.all.filter(nme="x").count()
        with self.assertRaisesRegex(TypeError, "did you mean workflow"):
            Job(workflo="x")
        with self.assertRaisesRegex(balsam.BalsamError, "neither a comparison"):
            self.all.filter(name__kontains="x")

    def test_a_refused_job_leaves_nothing(self):
        jobs = [Job(name="good", workflow=self.workflow, command=["true"]),
                Job(name="bad", workflow=self.workflow)]
        with self.assertRaisesRegex(balsam.BalsamError, "no command"):
            Job.objects.bulk_create(jobs)
        self.assertEqual(self.all.filter(name="good").count(), 0)
        self.assertIsNone(jobs[0].id)

    def test_delete(self):
        Job(name="gone", workflow=self.workflow, command=["true"]).save()
        self.assertEqual(self.all.filter(name="gone").delete(), (1, {"Job": 1}))
        self.assertFalse(self.all.filter(name="gone").exists())

    def test_kill(self):
        job = Job.objects.create(name="victim", workflow="other", command=["sleep", "100"])
        self.assertEqual(job.kill(recursive=False), 1)
        job.refresh_from_db()
        self.assertEqual(job.state, "USER_KILLED")

    def test_update_and_save(self):
        flow = f"{self.workflow}-change"
        jobs = Job.objects.bulk_create([Job(name=f"c{i}", workflow=flow, command=["true"])
                                        for i in range(5)])
        mine = Job.objects.filter(workflow=flow)
        self.assertEqual(mine.filter(name__in=["c0", "c1"]).update(priority=7, tags={"a": "b"}), 2)
        self.assertEqual(mine.filter(priority=7, tags__a="b").count(), 2)
        self.assertEqual(mine.filter(name="nobody").update(priority=1), 0)
        job = mine.get(name="c2")
        job.data["best"] = {"loss": 0.5}
        job.description = "the best"
        job.save()
        self.assertEqual(job.changed(), [])
        again = mine.get(data__best__loss__lt=1)
        self.assertEqual((again.id, again.description), (jobs[2].id, "the best"))
        del again.data["best"]
        again.save()
        self.assertFalse(mine.filter(data__has_key="best").exists())
        again.update(wall_time_minutes=30, environment={"X": "1"})
        found = mine.get(name="c2")
        self.assertEqual((found.wall_time_minutes, found.environment), (30, {"X": "1"}))

    def test_states_are_forced_and_killed_jobs_stay(self):
        job = Job.objects.create(name="forced", workflow="forced", command=["true"])
        with self.assertRaisesRegex(balsam.BalsamError, "can't be set to FAILED"):
            job.update_state("FAILED", "by hand")
        job.update_state("FAILED", "by hand", force=True)
        self.assertEqual((job.state, job.history[-1]["message"]), ("FAILED", "by hand"))
        self.assertEqual(job.retry(), 1)
        job.refresh_from_db()
        self.assertIn(job.state, ("RESTART_READY", "READY", "PREPROCESSED"))
        job.kill()
        with self.assertRaises(balsam.BalsamError):
            job.update_state("JOB_FINISHED")

    def test_apps(self):
        name = f"app-{uuid.uuid4().hex[:6]}"
        app = balsam.App.objects.create(name=name, executable="echo hello", environment="A=1:B=2")
        self.assertEqual(balsam.App.objects.get(name=name).environment, {"A": "1", "B": "2"})
        self.assertTrue(balsam.App.objects.filter(name__startswith="app-").exists())
        job = app.submit("world", "two words", workflow="apps")
        self.assertEqual(Job.objects.get(pk=job.id).args, "world 'two words'")

    def test_a_repeated_key_makes_nothing_twice(self):
        key = uuid.uuid4().hex
        first, second = ([Job(name="once", workflow=key, command=["true"])] for _ in range(2))
        Job.objects.bulk_create(first, key=key)
        Job.objects.bulk_create(second, key=key)
        self.assertEqual(first[0].id, second[0].id)
        self.assertEqual(Job.objects.filter(workflow=key).count(), 1)

    def test_a_fork_has_a_connection_of_its_own(self):
        self.assertEqual(self.all.count(), 30)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, str(self.all.all().count()).encode())
            os._exit(0)
        self.assertEqual(self.all.all().count(), 30)
        self.assertEqual(os.read(reader, 100), b"30")
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)

    def test_threads_share_a_site(self):
        found = []
        threads = [threading.Thread(target=lambda: found.append(self.all.all().count()))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [30] * 8)


if __name__ == "__main__":
    unittest.main()
