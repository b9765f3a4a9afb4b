"""Faults planted on one side: each changes one thing that only one side is told."""

import copy
import random

import scenarios


def shape(name):
    """A scenario of a provider in which enough happens."""
    def make(seed):
        for candidate in range(seed, seed + 400):
            document = scenarios.scenario(candidate)
            if document["provider"] == name and not any(
                    e["kind"] in ("delete_project", "delete_service")
                    for e in document["events"]):
                return document
        raise AssertionError(name)
    return make


def schedule(document):
    return document["defaults"]["schedules"][0]


def set_in(*path, to):
    def change(document):
        at = document
        for key in path[:-1]:
            at = at[key] if isinstance(key, int) else at.setdefault(key, {})
        at[path[-1]] = to
    return change


def add_event(**event):
    return lambda document: document["events"].append(event)


def drop_last_event(kind, **given):
    """One side does not hear of an event that both are told otherwise."""
    def prepare(document):
        document["events"].append({"kind": kind, **given})

    def change(document):
        document["events"].pop()
    return prepare, change


def nothing(_):
    pass


def keys(document):
    return document["projects"][0]["keys"]


def begin_anew(document, *projects):
    """These projects, no keys of services, and nothing that happens."""
    document["projects"] = list(projects)
    document["events"] = []
    document.pop("failures", None)
    for service in document["services"]:
        service.pop("key", None)


def two_projects(*more):
    def prepare(document):
        begin_anew(document, {"name": "p"}, {"name": "q"})
        for one in more:
            one(document)
    return prepare


def with_keys(*more):
    """The project has two keys, and the first service is under one of them."""
    def prepare(document):
        begin_anew(document, {"name": "p", "keys": [{"name": "sealed", "region": "here"},
                                                    {"name": "spare", "region": "here"}]})
        document["services"][0]["key"] = "sealed"
        for one in more:
            one(document)
    return prepare


def with_keys_both(pair, *before):
    prepare, change = pair
    return with_keys(*before, prepare), change


def collections(document):
    return document["services"][0]["collections"]


def partial(at="+200h", into=None, **choice):
    return add_event(at=at, kind="restore", service="a", collections=[{"name": "docs", **choice}],
                     **({"into": into} if into else {}))


def with_collections(*more, **defaults):
    """Services whose collections have names, and nothing else that happens."""
    def prepare(document):
        begin_anew(document, {"name": "p"})
        document["defaults"] |= defaults
        for service in document["services"]:
            service["collections"] = [{"name": "docs", "share": "40%"}]
        for one in more:
            one(document)
    return prepare


JOB = ("defaults", "job")
# Name, provider, what both sides are told, what one side is told beside it.
FAULTS = (
    ("cron a minute late", "plain", nothing,
     lambda d: schedule(d).__setitem__("cron", "31 */5 * * *")),
    ("another zone", "plain", lambda d: schedule(d).update(cron="0 1 * * *", zone="UTC"),
     lambda d: schedule(d).__setitem__("zone", "Europe/Berlin")),
    ("no copies", "plain",
     lambda d: schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 2}]),
     lambda d: schedule(d).__setitem__("copies", [])),
    ("copies live a day longer", "plain",
     lambda d: schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 2}]),
     lambda d: schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 3}])),
    ("an expiry of another length", "qdrant", lambda d: schedule(d).update(retention_days=3),
     lambda d: schedule(d).update(retention_days=4)),
    ("never expires", "qdrant", lambda d: schedule(d).update(retention_days=3),
     lambda d: schedule(d).pop("retention_days")),
    ("keeps one more", "plain",
     set_in("defaults", "retention", to="restic: --keep-last 4"),
     set_in("defaults", "retention", to="restic: --keep-last 5")),
    ("retention of another tool", "plain",
     set_in("defaults", "retention", to="restic: --keep-daily 3"),
     set_in("defaults", "retention", to="borg: --keep-daily 3 --keep-weekly 1")),
    ("a minimum is forgotten", "zerops",
     set_in("defaults", "retention", to="zerops: --max-total-files 4 --min-daily 3"),
     set_in("defaults", "retention", to="zerops: --max-total-files 3 --min-daily 2")),
    ("protection is forgotten", "zerops",
     lambda d: (set_in("defaults", "retention", to="zerops: --max-total-files 3 --min-daily 0 "
                       "--min-weekly 0 --min-monthly 0")(d),
                add_event(at="+10h", kind="manual_backup", service="b", tags=["protected"])(d)),
     set_in("defaults", "retention", to="zerops: --max-total-files 3 --min-daily 0 --min-weekly 0 "
            "--min-monthly 0 --protected-tags other")),
    ("the quota is larger", "zerops", set_in("projects", 0, to={"name": "p", "quota": "700 MB"}),
     set_in("projects", 0, to={"name": "p", "quota": "1.2 GB"})),
    ("the quota is hard", "zerops",
     set_in("projects", 0, to={"name": "p", "quota": "700 MB", "quota_mode": "keep"}),
     set_in("projects", 0, to={"name": "p", "quota": "700 MB", "quota_mode": "hard"})),
    ("a retry too many", "plain",
     set_in("defaults", "job", to={"failure_probability": "40%", "retries": 1,
                                   "retry_after": "10m"}),
     set_in("defaults", "job", to={"failure_probability": "40%", "retries": 2,
                                   "retry_after": "10m"})),
    ("a retry too early", "plain",
     set_in("defaults", "job", to={"failure_probability": "40%", "retries": 1,
                                   "retry_after": "10m"}),
     set_in("defaults", "job", to={"failure_probability": "40%", "retries": 1,
                                   "retry_after": "9m"})),
    ("fails more often", "plain",
     set_in("defaults", "job", to={"failure_probability": "20%", "retries": 1}),
     set_in("defaults", "job", to={"failure_probability": "25%", "retries": 1})),
    ("a job takes a second longer", "qdrant", set_in("defaults", "job", to={"rate": "1 MB/s"}),
     set_in("defaults", "job", to={"rate": "0.99 MB/s"})),
    ("skips what it should queue", "plain",
     set_in("defaults", "job", to={"rate": "5 kB/s", "overlap": "queue"}),
     set_in("defaults", "job", to={"rate": "5 kB/s", "overlap": "skip"})),
    ("runs beside what it should queue", "plain",
     set_in("defaults", "job", to={"rate": "5 kB/s", "overlap": "queue"}),
     set_in("defaults", "job", to={"rate": "5 kB/s", "overlap": "beside"})),
    ("a limit is forgotten", "plain",
     lambda d: (set_in("defaults", "job", to={"rate": "30 kB/s"})(d),
                d.__setitem__("limits", [{"jobs": 1}])),
     lambda d: d.pop("limits")),
    ("waits for ever", "plain",
     lambda d: (set_in("defaults", "job", to={"rate": "5 kB/s"})(d),
                d.__setitem__("limits", [{"jobs": 1, "wait_at_most": "3h"}])),
     lambda d: d.__setitem__("limits", [{"jobs": 1}])),
    ("the link is faster", "plain",
     lambda d: (schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 2}]),
                d.__setitem__("links", [{"from": "here", "to": "there", "rate": "100 kB/s"}])),
     lambda d: d.__setitem__("links", [{"from": "here", "to": "there", "rate": "101 kB/s"}])),
    ("copies take no longer by chance", "plain",
     lambda d: (schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 2}]),
                d.pop("links", None), set_in(*JOB, to={"copy_rate": "5 kB/s"})(d)),
     set_in(*JOB, "duration_spread", to=.4)),
    ("copies on a link take no longer by chance", "plain",
     lambda d: (schedule(d).__setitem__("copies", [{"region": "there", "retention_days": 2}]),
                d.__setitem__("links", [{"from": "here", "to": "there", "rate": "100 kB/s"}]),
                set_in(*JOB, to={})(d)),
     set_in(*JOB, "duration_spread", to=.4)),
    ("restores take no longer by chance", "plain",
     lambda d: (schedule(d).__setitem__("copies", []),
                set_in(*JOB, to={"restore_rate": "5 kB/s"})(d),
                add_event(at="+100h", kind="restore", service="a")(d)),
     set_in(*JOB, "duration_spread", to=.4)),
    ("an initial backup too many", "plain", lambda d: schedule(d).pop("initial_backup", None),
     lambda d: schedule(d).__setitem__("initial_backup", True)),
    ("does not make up", "plain",
     lambda d: (schedule(d).__setitem__("missed", "catch_up"),
                add_event(at="+50h", kind="suspend", service="*", **{"for": "30h"})(d)),
     lambda d: schedule(d).pop("missed")),
    ("other days of the week", "zilliz", lambda d: schedule(d).update(weekdays="1,3,5"),
     lambda d: schedule(d).update(weekdays="1,3,6")),
    ("another window", "zilliz", lambda d: schedule(d).update(window="02:00-04:00"),
     lambda d: schedule(d).update(window="03:00-05:00")),
    ("another seed", "zilliz", nothing, lambda d: d.__setitem__("seed", d["seed"] + 1)),
    ("does not hear of an outage", "plain",
     *drop_last_event("outage", at="+100h", region="here", **{"for": "20h"})),
    ("does not hear of a deletion", "qdrant",
     *drop_last_event("delete_service", at="+100h", service="a")),
    ("does not hear that a clock jumped", "plain",
     *drop_last_event("clock_jump", at="+100h", service="a", by="7h")),
    ("does not hear of a backup by hand", "zilliz",
     *drop_last_event("manual_backup", at="+300h", service="b")),
    ("does not hear that a schedule is deleted", "qdrant",
     *drop_last_event("delete_schedule", at="+100h", service="a")),
    ("does not hear that a backup is deleted", "qdrant",
     *drop_last_event("delete_backup", at="+100h", service="a")),
    ("deletes another backup", "qdrant",
     add_event(at="+200h", kind="delete_backup", service="b"),
     lambda d: d["events"][-1].__setitem__("as_of", "+150h")),
    ("goes on with the old schedule", "plain",
     add_event(at="+100h", kind="change_policy", service="a",
               schedules=[{"cron": "0 3 * * *", "retention_days": 2}]),
     lambda d: d["events"][-1].__setitem__("schedules", [{"cron": "0 4 * * *",
                                                          "retention_days": 2}])),
    ("what exists takes the new expiry", "qdrant",
     lambda d: (schedule(d).update(cron="0 */6 * * *", retention_days=3),
                add_event(at="+200h", kind="change_policy", service="*",
                          schedules=[{"cron": "0 */6 * * *", "retention_days": 6}])(d)),
     lambda d: d["events"][-1].__setitem__("at", "+150h")),
    ("keeps by the old retention", "plain",
     lambda d: (set_in("defaults", "retention", to="restic: --keep-last 3")(d),
                add_event(at="+100h", kind="change_policy", service="a",
                          retention="restic: --keep-last 6")(d)),
     lambda d: d["events"][-1].__setitem__("retention", "restic: --keep-last 5")),
    ("the old quota holds", "zerops",
     lambda d: (d["projects"].__setitem__(0, {"name": "p", "quota": "700 MB"}),
                add_event(at="+100h", kind="change_plan", project="p", quota="1.2 GB")(d)),
     lambda d: d["events"][-1].__setitem__("quota", "800 MB")),
    ("restores into a project that has not the region", "zilliz",
     two_projects(add_event(at="+200h", kind="restore", service="a", to_project="q")),
     lambda d: d["projects"][1].__setitem__("regions", ["gcp-us-east4"])),
    ("restores into a project that is gone", "plain",
     two_projects(add_event(at="+150h", kind="restore", service="a", to_project="q"),
                  add_event(at="+100h", kind="delete_project", project="q")),
     lambda d: d["events"][-1].__setitem__("at", "+160h")),
    ("restores into another project", "qdrant",
     two_projects(add_event(at="+200h", kind="restore", service="a", to_project="q")),
     lambda d: d["events"][-1].__setitem__("to_project", "p")),
    ("takes a key of another region", "plain",
     with_keys(add_event(at="+200h", kind="restore", service="a", key="spare")),
     lambda d: keys(d)[1].__setitem__("region", "there")),
    ("restores under no key", "plain",
     with_keys(add_event(at="+200h", kind="restore", service="a", key="spare")),
     lambda d: d["events"][-1].pop("key")),
    ("does not hear that a key is revoked", "plain",
     *with_keys_both(drop_last_event("revoke_key", at="+100h", project="p", key="sealed"))),
    ("does not hear that a key is enabled", "plain",
     *with_keys_both(drop_last_event("enable_key", at="+150h", project="p", key="sealed"),
                     add_event(at="+100h", kind="revoke_key", project="p", key="sealed"))),
    ("reads under a revoked key", "plain",
     with_keys(add_event(at="+100h", kind="revoke_key", project="p", key="spare"),
               add_event(at="+101h", kind="restore", service="a", key="spare")),
     lambda d: d["events"][-1].__setitem__("key", "sealed")),
    ("overwrites a collection", "plain",
     with_collections(partial(to_name="docs"), schedules=[{"cron": "0 3 * * *"}]),
     lambda d: d["events"][-1]["collections"][0].__setitem__("to_name", "before")),
    ("forgets that a name is taken", "plain",
     with_collections(partial(to_name="old"), partial(at="+220h", to_name="old")),
     lambda d: d["events"][-2]["collections"][0].__setitem__("to_name", "older")),
    ("puts a collection into another database", "plain",
     with_collections(partial(to_name="old", to_database="shop")),
     lambda d: d["events"][-1]["collections"][0].pop("to_database")),
    ("loads what stays released", "plain",
     with_collections(partial(to_name="old", load="released")),
     lambda d: d["events"][-1]["collections"][0].__setitem__("load", "loaded")),
    ("restores all for a part", "plain",
     with_collections(partial(to_name="old"), job={"restore_rate": "1 kB/s"}),
     lambda d: collections(d)[0].__setitem__("share", "80%")),
    ("restores into a cluster that stands still", "plain",
     with_collections(add_event(at="+190h", kind="suspend", service="b", **{"for": "20h"}),
                      partial(to_name="old", into="b")),
     lambda d: d["events"][-1].__setitem__("into", "a")),
    ("deletes the project an hour late", "zerops",
     add_event(at="+200h", kind="delete_project", project="p"),
     lambda d: d["events"][-1].__setitem__("at", "+201h")),
    ("forgets the grace", "zerops",
     add_event(at="+200h", kind="delete_service", service="a"),
     lambda d: d["projects"][0].__setitem__("grace_days", 3)),
)


def pairs(seed):
    """(name, what one side is told, what the other is told), for every fault."""
    for name, provider, prepare, change in FAULTS:
        document = shape(provider)(random.Random(f"{seed} {name}").randrange(10 ** 6))
        document["events"] = document["events"][:4]
        prepare(document)
        faulty = copy.deepcopy(document)
        change(faulty)
        yield name, document, faulty
