"""checker_test.py -- the checker finds what is wrong: after a calm quarter of a minute one thing at a time is
falsified, in the store, in Redis, in the views or in what the clients saw, and must be called by its name."""
import collections, os, random, sys, time, unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, ROOT + "/tests/end_to_end")

import casework, check, effects, history, policies, soak  # noqa: E402
from city import City, wait_until  # noqa: E402
from clients import Client, Town  # noqa: E402
from dispatchers import Dispatcher  # noqa: E402
from falsified_records import FalsifiedRecords  # noqa: E402
from faults import Faults  # noqa: E402
from found_records import records_found  # noqa: E402
from observers import Checkpoints, LogReader, Processes  # noqa: E402
from pushers import pushers  # noqa: E402
from rest import come_to_rest  # noqa: E402


def setUpModule():
    global city, path, faults, on_record
    city = City()
    path = city.folder + "/history.jsonl"
    record = history.History(path)
    town = Town(city, record, "calm")
    dispatcher = Dispatcher(town, 3)
    admin = policies.Admin(town)
    threads = [Client(town, n) for n in range(3)] + [dispatcher] + pushers(town, 4, 2, dispatcher.units) + [admin]
    watching = [LogReader(city, record), Checkpoints(city, record), Processes(city, record)]
    faults = Faults(city, town, random.Random(1), record)
    for t in threads + watching:
        t.start()
    faults.do("poison")
    start = time.monotonic()
    city.supervisor("restart", "query-api")  # so that some of its records are sealed
    time.sleep(max(0, start + 8 - time.monotonic()))
    wait_until("each command has succeeded a few times", lambda: every_command_occurred(3) and admin.number >= 3, 120)
    town.stopped.set()
    for t in threads:
        t.join(30)
    come_to_rest(city)
    on_record = records_found(city.run_dir)
    for w in watching:
        w.stop()


def every_command_occurred(times):
    done = collections.Counter(o.command for o in history.operations(history.read(path)).values() if o.of("ok"))
    return min(done[command] for command in effects.EFFECTS) >= times


def checked(change=None, records=None):
    """Invariants that do not hold, with what was loaded changed by `change(checker)`; A1 if MongoDB's `records` are given."""
    c = check.Checker(city.run_dir, history.read(path), records)
    if change:
        change(c)
    c.check()
    for name, found in c.faults.items():
        print(f"    {name}: {found[0][:150]}")
    return set(c.faults)


def some(c, command, events=1):
    """An acknowledged operation with that many events."""
    return next(o for k, o in c.operations.items()
                if o.command == command and o.of("ok") and len(c.effects.get(k, [])) == events)


class Checker(FalsifiedRecords, unittest.TestCase):
    at_rest = staticmethod(lambda: (city, on_record))
    checked = staticmethod(checked)

    def test_a_calm_city_is_without_fault(self):
        self.assertEqual(checked(), set())

    def test_clocks_went_on_by_what_was_applied(self):
        c = check.Checker(city.run_dir, history.read(path))
        c.t1()
        for connection in (c.store, c.views, c.redis):
            connection.close()
        self.assertTrue(c.counted["new plans"] > c.counted["new plans by a calendar"] > 0, c.counted)

    # ---- what the clients saw ----

    def finds(self, name, change):
        self.assertIn(name, checked(change))

    def test_s1_an_acknowledged_report_that_is_not_there(self):
        self.finds("S1", lambda c: c.effects.pop(some(c, "create").key))

    def test_s1_an_acknowledged_note_hold_filter_or_merge_that_is_not_there(self):
        for command in ("note", "hold", "save", "delete", "merge"):
            def lost(c):
                o = some(c, command, 2 if command == "merge" else 1)
                c.effects.pop(o.key)
                o.of("ok")[0]["wish"] = "another"
            self.finds("S1", lost)

    def test_s1_half_of_a_merge_and_one_into_another_report(self):
        for command in ("merge", "unmerge"):
            self.finds("S1", lambda c: c.effects[some(c, command, 2).key].pop())
        self.finds("S1", lambda c: some(c, "merge", 2).attempts[0].update(wish="another"))

    def test_s1_a_me_too_without_its_vote(self):
        def change(c):
            o = some(c, "me-too", 2)
            c.effects[o.key] = [e for e in c.effects[o.key] if e["type"] != "report.upvoted"]
            c.streams.pop(f"vote-{o.report}-{o.actor}")
        self.finds("S1", change)

    def test_s1_a_dispatch_that_is_not_there_and_one_that_stands_elsewhere(self):
        def lost(events, o):
            events.clear()
            o.of("ok")[0]["wish"] = [o.wish and o.wish[0], "another"]

        def elsewhere(events, _):
            events[0].update(stream="dispatch-another")
        for command in ("send", "accept"):
            for falsify in (lost, elsewhere):
                def change(c):
                    key = next(k for k, o in c.operations.items() if o.command == command and o.of("ok") and c.effects.get(k))
                    falsify(c.effects[key], c.operations[key])
                self.finds("S1", change)

    def test_x1_a_patrol_on_two_and_x2_a_patrol_that_is_told_something_else(self):
        def taken(c):
            for e in c.events:
                if e["type"] == "dispatch.created":
                    e["data"].update(patrol_id="one for all", exclusive=True)

        def other(c):
            next(e for e in c.events if e["type"] == "patrol.status.updated" and "dispatch_id" in e["data"])["data"].update(
                dispatch_status="ARRIVED")
        self.finds("X1", taken)
        self.finds("X2", other)

    def test_s1_an_event_on_another_stream(self):
        for command in ("note", "save", "vote"):
            self.finds("S1", lambda c: c.effects[some(c, command).key][0].update(stream="report-another"))

    def test_s1_an_answer_with_another_position(self):
        def change(c):
            some(c, "create").of("ok")[0]["position"] += 1
        self.finds("S1", change)

    def test_s1_a_refused_command_that_left_an_event(self):
        def change(c):
            for a in some(c, "create").attempts:
                a["outcome"] = "fail"
        self.finds("S1", change)

    def test_s1_one_key_with_two_events(self):
        def change(c):
            c.effects[some(c, "create").key] *= 2
        self.finds("S1", change)

    def test_s1_an_event_nobody_asked_for(self):
        self.finds("S1", lambda c: c.operations.pop(some(c, "create").key))

    def test_s1_a_success_without_event_whose_wish_was_never_true(self):
        def change(c):
            o = next(o for k, o in c.operations.items() if o.command == "status" and o.of("ok")
                     and not c.effects.get(k))
            o.of("ok")[0]["wish"] = "another"
        self.finds("S1", change)

    def test_s3_an_order_of_answers_that_is_not_the_log_s(self):
        def change(c):
            done = sorted((o for o in c.operations.values() if o.command == "create" and o.of("ok")),
                          key=lambda o: o.start)
            for a in done[0].attempts:
                a["start"], a["end"] = done[-1].acknowledged + 1, done[-1].acknowledged + 2
        self.finds("S3", change)

    def test_s4_a_gap_and_an_event_that_changed_after_it_was_read(self):
        self.finds("S4", lambda c: c.records["gap"].append({"cursor": 3, "position": 5}))
        self.finds("S4", lambda c: c.records["seen"].append({"events": [[1, "another"]]}))

    def test_s5_two_answers_for_one_key(self):
        def change(c):
            o = next(o for o in c.operations.values() if len(o.of("ok")) > 1)
            o.of("ok")[0]["body"] += " "
        self.finds("S5", change)

    def test_r1_an_answer_that_lags_and_one_that_lacks(self):
        def older(c):
            c.records["read"][0]["position"] = c.records["read"][0]["min_position"] - 1

        def votes(c):
            next(r for r in c.records["read"] if r["status"] == 200)["votes"] += 1
        self.finds("R1", older)
        self.finds("R1", votes)

    def test_p2_a_checkpoint_that_goes_back_or_runs_ahead(self):
        def back(c, server):
            first, last = c.records["checkpoint"][0], c.records["checkpoint"][-1]
            c.records["checkpoint"].append({**first, "server": server or last["server"]})
        self.finds("P2", lambda c: back(c, None))
        self.assertNotIn("P2", checked(lambda c: back(c, "one that was started after a crash")))

        def ahead(c):
            c.records["checkpoint"][-1]["rows"] -= 1
        self.finds("P2", ahead)

    def test_p2_a_recovery_inside_one_postmaster_is_known_from_all_else(self):
        seen = []

        class Kept:
            def add(self, _, **row):
                seen.append(row)

        def server():
            watch = Checkpoints(city, Kept())
            wait_until("the databases answer", lambda: watch.look() or seen, 30)
            watch.close()
            return seen.pop()["server"], faults.sql("SELECT pg_postmaster_start_time()")
        first = server()
        faults.do_backends_ended()
        faults.sql("CHECKPOINT")
        self.assertEqual(server(), first)
        faults.do_backend_killed()
        wait_until("it was recovered", lambda: server()[0] != first[0], 20)
        self.assertEqual(server()[1], first[1])
        come_to_rest(city, records=False)

        def back(c, at):
            earlier, last = c.records["checkpoint"][0], c.records["checkpoint"][-1]
            c.records["checkpoint"] += [{**last, "server": first[0]}, {**earlier, "server": at}]
        after = server()[0]
        self.assertNotIn("P2", checked(lambda c: back(c, after)))
        self.finds("P2", lambda c: back(c, first[0]))

    def test_the_folder_of_a_run_that_failed_is_kept(self):
        before = os.environ.pop("KEEP", None)
        try:
            for failed in (True, False):
                soak.choose_what_stays(city, failed)
                self.assertEqual(os.environ.get("KEEP") == "1", failed)
        finally:
            os.environ.pop("KEEP", None)
            if before:
                os.environ["KEEP"] = before

    def test_d1_a_command_that_hangs_and_one_that_a_stopped_process_held(self):
        def hang(c):
            a = some(c, "create").attempts[0]
            a["end"] = a["start"] + 22
        self.finds("D1", hang)

        def held(c):
            hang(c)
            a = some(c, "create").attempts[0]
            c.records["asleep"].append({"start": a["start"] + 1, "end": a["start"] + 5})
        self.assertNotIn("D1", checked(held))

    def test_h1_a_process_that_grows(self):
        def change(c):
            last = dict(c.records["process"][-1])
            for at, n in ((100, 20), (130, 20), (200, 900)):
                c.records["process"].append(dict(last, pid=1, at=at, descriptors=n))
        self.finds("H1", change)

    # ---- the store, the views, Redis ----

    def falsified(self, database, forth, back):
        """What the checker says while `forth` is in force."""
        faults.sql(forth, database)
        try:
            return checked()
        finally:
            faults.sql(back, database)

    def store(self, forth, back):
        return self.falsified("citywatch_write", forth, back)

    def views(self, forth, back):
        return self.falsified("citywatch_read", forth, back)

    def test_g1_a_track_that_lacks_a_fix_and_a_late_one_as_position(self):
        faults.sql("CREATE TABLE kept AS SELECT * FROM positions.track ORDER BY at LIMIT 1; "
                   "CREATE TABLE moved AS SELECT * FROM positions.unit_position LIMIT 1", "citywatch_read")
        self.assertEqual(self.views("DELETE FROM positions.track t USING kept k WHERE t.unit = k.unit AND t.at = k.at AND t.digest = k.digest",
                                    "INSERT INTO positions.track SELECT * FROM kept"), {"G1"})
        self.assertEqual(self.views("UPDATE positions.track SET digest = digest + 1; INSERT INTO positions.track SELECT * FROM kept",
                                    "DELETE FROM positions.track t USING kept k WHERE t.unit = k.unit AND t.at = k.at AND t.digest = k.digest; "
                                    "UPDATE positions.track SET digest = digest - 1"), {"G1"})
        self.assertEqual(self.views("UPDATE positions.unit_position p SET latitude = 1 FROM moved m WHERE p.unit = m.unit",
                                    "UPDATE positions.unit_position p SET latitude = m.latitude FROM moved m WHERE p.unit = m.unit"), {"G1"})
        key = "{city}:unit:" + faults.sql("SELECT unit FROM moved", "citywatch_read")[0] + ":last"
        last = faults.redis("GET", key)
        faults.redis("SET", key, "0" + last[1:])
        self.assertEqual(checked(), {"G1"})
        faults.redis("SET", key, last)
        self.assertEqual(checked(), set())

    def test_s2_a_counter_ahead_a_version_and_an_answer_that_is_gone(self):
        self.assertEqual(self.store("UPDATE es_counter SET position = position + 1",
                                    "UPDATE es_counter SET position = position - 1"), {"S2"})
        self.assertEqual(self.store("UPDATE es_stream SET version = version + 1 WHERE stream LIKE 'vote-%'",
                                    "UPDATE es_stream SET version = version - 1 WHERE stream LIKE 'vote-%'"), {"S2"})
        self.assertEqual(self.store("UPDATE es_result SET position = -position WHERE position > 12",
                                    "UPDATE es_result SET position = -position WHERE position < 0"), {"S2"})

    def test_s2_one_of_two_events_whose_answer_is_gone(self):
        at = some(check.Checker(city.run_dir, history.read(path)), "merge", 2).of("ok")[0]["position"]
        self.assertEqual(self.store(f"UPDATE es_result SET position = -position WHERE position = {at}",
                                    "UPDATE es_result SET position = -position WHERE position < 0"), {"S2"})

    def test_s2_a_hole_in_the_positions(self):
        def change(c):
            c.events.pop(20)
        self.finds("S2", change)

    def test_s6_a_second_vote_a_second_follow_and_a_forbidden_move(self):
        for kind in ("vote-", "follow-"):
            def twice(c):
                stream = next(s for s in c.streams if s.startswith(kind))
                c.streams[stream] = c.streams[stream][:1] * 2
            self.finds("S6", twice)

        def of_type(c, name):
            return next(e for e in c.events if e["type"] == name and e["stream"] not in c.planted)

        self.finds("S6", lambda c: of_type(c, "report.status.updated")["data"].update(old_status="CLOSED"))
        self.finds("S6", lambda c: of_type(c, "report.edited")["data"].update(old_category="another"))
        self.finds("S6", lambda c: of_type(c, "report.priority.changed")["data"].update(old_priority="urgent"))
        self.finds("S6", lambda c: of_type(c, "report.assigned")["data"].update(old_assignee_user_id="somebody"))

    def test_s6_a_hold_a_filter_and_a_merge_that_were_so_already(self):
        for kind, type in (("case-", "case.held"), ("filters-", "filters.saved"), ("report-", "report.merged")):
            def twice(c):
                stream, e = next((s, e) for s, es in c.streams.items() if s.startswith(kind) for e in es if e["type"] == type)
                c.streams[stream] = c.streams[stream][:c.streams[stream].index(e) + 1] + [e]
            self.finds("S6", twice)

    def test_s6_what_is_not_held_saved_or_merged_is_not_taken_back(self):
        held = {"type": "case.held", "data": {"reason": "a part", "since": "now"}}
        saved = {"type": "filters.saved", "data": {"filter_name": "a", "filter": {"q": "hole"}}}
        for kind, done, undone in ((casework.CaseFile, held, {"type": "case.resumed", "data": {}}),
                                   (casework.Filters, saved, {"type": "filters.deleted", "data": {"filter_name": "a"}})):
            legal = kind()
            self.assertEqual([legal.legal(e) for e in (undone, done, undone, undone)], [False, True, True, False])

    def test_s6_nothing_but_talk_while_it_is_merged(self):
        filed = {"type": "report.created", "data": {"status": "RECEIVED", "owner_agency": "a", "category": "c"}}
        pair = {"merged_report_id": "r", "into_report_id": "into", "owner_agency": "a", "status": "RECEIVED"}
        merged, back = ({"type": "report." + t, "data": {**pair, "report_id": "r"}} for t in ("merged", "unmerged"))
        into = {"type": "report.merged", "data": {**pair, "report_id": "into"}}
        moved = {"type": "report.status.updated", "data": {"old_status": "RECEIVED", "new_status": "WITHDRAWN",
                                                           "owner_agency": "a", "category": "c"}}
        said = {"type": "report.commented", "data": {}}
        legal = casework.Report()
        self.assertEqual([legal.legal(e) for e in (filed, back, merged, merged, said, moved, back, moved)],
                         [True, False, True, False, True, False, True, True])
        legal = casework.Report()
        self.assertEqual([legal.legal(e) for e in (filed, into, moved)], [True, True, False])

    def test_s6_an_answer_to_a_question_that_was_not_asked(self):
        legal = casework.Report()
        filed = {"type": "report.created", "data": {"status": "RECEIVED", "owner_agency": "a", "category": "c"}}
        asked = {"type": "report.question.asked", "data": {"question_id": "q"}}
        answered = {"type": "report.question.answered", "data": {"question_id": "q"}}
        self.assertEqual([legal.legal(e) for e in (answered, filed, answered)], [False, True, False])
        legal = casework.Report()
        self.assertEqual([legal.legal(e) for e in (filed, asked, answered, answered)], [True, True, True, False])

    def test_p1_a_vote_too_many_a_row_too_few_and_a_wrong_count(self):
        self.assertIn("P1", self.views("UPDATE report_rank.report_rank SET votes = votes + 1",
                                       "UPDATE report_rank.report_rank SET votes = votes - 1"))
        self.assertEqual(self.views("UPDATE report_rank.report_rank SET position = position + 1",
                                    "UPDATE report_rank.report_rank SET position = position - 1"), {"P1"})
        self.assertEqual(self.views("UPDATE case_counts.case_counts SET cases = cases + 1",
                                    "UPDATE case_counts.case_counts SET cases = cases - 1"), {"P1"})

    def test_p1_a_clock_that_counts_as_open_and_one_of_another_time(self):
        for forth, back in (("open = open + 1", "open = open - 1"), ("times = times || ARRAY[7, 1]", "times = trim_array(times, 2)")):
            self.assertEqual(self.views("UPDATE sla.clock_counts SET " + forth, "UPDATE sla.clock_counts SET " + back), {"P1"})

    def test_p4_a_follower_that_is_not_parked(self):
        self.assertIn("P4", self.views("UPDATE engine.parked SET position = -position WHERE error LIKE 'follows%'",
                                       "UPDATE engine.parked SET position = -position WHERE position < 0"))

    def test_b1_an_entry_less_and_b2_an_end_that_is_not_the_log_s(self):
        faults.redis("XDEL", "{events}:all", "20-0")
        self.assertIn("B1", checked())
        faults.redis("FLUSHALL")
        come_to_rest(city, records=False)
        self.assertEqual(checked(), set())
        faults.redis("XADD", "{events}:all", "99999-0", "a", "b")
        self.assertLessEqual({"B1", "B2"}, checked())
        faults.redis("FLUSHALL")
        come_to_rest(city, records=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
