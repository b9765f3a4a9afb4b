"""Random scenarios for the twin: every shape of policy, every kind of event, by seed."""

import random

SHAPES = (
    {"provider": "zilliz", "region": "gcp-us-west1", "other": "gcp-us-east4"},
    {"provider": "zerops", "region": "zerops", "other": "zerops"},
    {"provider": "qdrant", "region": "aws-us-east-1", "other": "aws-us-east-1"},
    {"provider": "plain", "region": "here", "other": "there"},
)


def zilliz(r):
    days = "".join(sorted(r.sample("1234567", r.randint(1, 7))))
    schedule = {"weekdays": ",".join(days),
                "window": "%02d:00-%02d:00" % ((hour := r.randint(0, 23)), (hour + 2) % 24),
                "retention_days": r.randint(1, 9)}
    if r.random() < .6:
        schedule["copies"] = [{"region": "gcp-us-east4", "retention_days": r.randint(1, 6)}]
    return schedule, {"job": {"rate": r.choice(("700 MB/s", "20 kB/s", "2 kB/s"))}}


def zerops(r):
    # The vendor keeps one policy for a service.
    policy = "zerops: --max-total-files %d --min-daily %d --min-weekly %d --min-monthly %d" % (
        r.randint(2, 12), r.randint(0, 4), r.randint(0, 2), r.randint(0, 1))
    return ({"cron": r.choice(("0 */8 * * *", "8 0 * * *", "30 */5 * * *", "0 4 * * 1"))},
            {"retention": policy, "job": {"rate": r.choice(("1 MB/s", "50 kB/s"))}})


def qdrant(r):
    schedule = {"cron": r.choice(("0 */6 * * *", "30 2 * * *", "15 */3 * * *"))}
    if r.random() < .8:
        schedule["retention_days"] = r.randint(1, 6)
    return schedule, {"change": {"per_day": "10%"},
                      "job": {"rate": "1 MB/s", "restore_rate": r.choice(("1 MB/s", "5 kB/s"))}}


def plain(r):
    schedule = {"cron": r.choice(("30 */5 * * *", "0 1 * * *", "*/50 * * * *", "10 2-20/3 * * *")),
                "zone": r.choice(("UTC", "Europe/Berlin", "America/New_York"))}
    if r.random() < .7:
        schedule["copies"] = [{"region": "there", "retention_days": r.randint(1, 4)}]
        if r.random() < .3:
            del schedule["copies"][0]["retention_days"]
    if r.random() < .4:
        schedule["missed"] = "catch_up"
    if r.random() < .3:
        schedule["initial_backup"] = True
    if r.random() < .3:
        schedule["retention_days"] = r.randint(1, 5)
    fields = {"change": {"mixture": [{"share": "20%", "per_day": "50%"}]},
              "delta": r.choice(("incremental", "differential", "lifetimes", "full")),
              "job": {"rate": r.choice(("1 MB/s", "30 kB/s")), "copy_rate": "500 kB/s",
                      "restore_rate": r.choice(("1 MB/s", "3 kB/s")),
                      "failure_probability": r.choice(("0%", "20%", "50%")),
                      "retries": r.randint(0, 3), "retry_after": r.choice(("10m", "2h"))}}
    if r.random() < .4:
        fields["job"]["duration_spread"] = .4
    if fields["delta"] in ("incremental", "differential"):
        fields["chain"] = {"full_every": r.randint(2, 7)}
    if r.random() < .6:
        fields["job"]["overlap"] = r.choice(("beside", "skip", "queue"))
    if r.random() < .8:
        fields["retention"] = r.choice((
            "restic: --keep-last %d --keep-daily %d" % (r.randint(1, 5), r.randint(0, 6)),
            "borg: --keep-daily %d --keep-weekly 2" % r.randint(1, 6),
            "restic: --keep-weekly %d" % r.randint(1, 2),
            "restic: --keep-within %dd --keep-tag protected" % r.randint(1, 6)))
    return schedule, fields


ROLES = ("organization_owner", "project_admin", "custom_with_backup", "custom_without_backup",
         "other")
MAKERS = {"zilliz": zilliz, "zerops": zerops, "qdrant": qdrant, "plain": plain}


def event(r, shape):
    hours = r.randint(0, 24 * 19)
    lasts = "%dh" % r.randint(1, 80)
    region, other = shape["region"], shape["other"]
    at = "+%dh" % hours
    service = r.choice(("a", "b", "*"))
    return r.choice((
        {"at": at, "kind": "outage", "region": region, "for": lasts},
        {"at": at, "kind": "outage", "region": other, "for": lasts},
        {"at": at, "kind": "suspend", "service": service, "for": lasts},
        {"at": at, "kind": "job_failures", "service": service, "for": lasts},
        {"at": at, "kind": "store_outage", "region": r.choice((region, other)), "for": lasts},
        {"at": at, "kind": "storage_loss", "region": other},
        {"at": at, "kind": "storage_loss", "region": region},
        {"at": at, "kind": "delete_service", "service": r.choice("ab"),
         **({"delete_backups": r.random() < .5} if shape["provider"] == "qdrant" else {})},
        {"at": at, "kind": "delete_project", "project": "p"},
        {"at": at, "kind": "burst", "service": "a", "rewrites": "70%"},
        {"at": at, "kind": "restore", "service": service},
        {"at": at, "kind": "restore", "service": service, "role": r.choice(ROLES)}
        if shape["provider"] == "zilliz" else {"at": at, "kind": "restore", "service": service},
        {"at": at, "kind": "restore", "service": service, "backup_version": "2.5.1",
         "target_version": r.choice(("2.4.0", "2.5.0", "2.6.0")), "latest_version": "2.6.0"}
        if shape["provider"] == "zilliz" else {"at": at, "kind": "restore", "service": service},
        {"at": at, "kind": "restore", "service": "*", "to_region": other},
        {"at": at, "kind": "restore", "service": service,
         **({"in_place": True} if shape["provider"] in ("qdrant", "plain") else {})},
        {"at": at, "kind": "disable_schedules", "service": service},
        {"at": at, "kind": "enable_schedules", "service": service},
        {"at": at, "kind": "clock_jump", "service": service, "by": "%dh" % r.randint(-40, 40)},
        {"at": at, "kind": "link_outage", "region": region, "to_region": other, "for": lasts},
        {"at": at, "kind": "manual_backup", "service": service, "tags": ["protected"]},
        {"at": at, "kind": "manual_backup", "service": service},
        {"at": at, "kind": "manual_backup", "service": service},
        {"at": "+%dh" % (hours + 1), "kind": "manual_backup", "service": service},
    ))


def new_schedules(r, shape):
    """Schedules that a service has from some moment on: one of the old name, another, none."""
    schedule, _ = MAKERS[shape["provider"]](r)
    named = r.choice((schedule, schedule, schedule, {**schedule, "name": "another"}))
    if shape["provider"] != "zilliz" and r.random() < .3:
        second, _ = MAKERS[shape["provider"]](r)
        return [named, {**second, "name": "second"}]
    return [named] if r.random() < .9 else []


def new_retention(r, shape):
    """As a service has it, in the words of its provider; None where those have none."""
    if shape["provider"] == "zerops":
        tags = r.choice(("protected", "daily", "protected,weekly", "other"))
        return zerops(r)[1]["retention"] + " --protected-tags " + tags
    if shape["provider"] == "plain":
        return r.choice(("restic: --keep-last %d", "restic: --keep-daily %d",
                         "native: --min-daily %d --max-daily 5 --max-count 9")) % (
                             r.randint(1, 5))
    return None


def changes(r, shape, document):
    """Policies, plans, schedules and backups that change or go in mid-life, in the order of time:
    a schedule can only be deleted where it is there."""
    here = {"a": ["schedule"], "b": ["schedule"]}
    events = []
    for hours in sorted(r.randint(24, 24 * 18) for _ in range(r.randint(1, 6))):
        at, service = "+%dh" % hours, r.choice("ab")
        kind = r.choice(("delete_backup", "delete_backup", "delete_schedule", "change_policy",
                         "change_policy", "change_plan"))
        event = {"at": at, "kind": kind, "service": service}
        if kind == "delete_backup":
            copies = document["defaults"]["schedules"][0].get("copies")
            if copies and r.random() < .3:
                event["region"] = copies[0]["region"]
            if r.random() < .4:
                event["as_of"] = "+%dh" % r.randint(0, hours)
            if r.random() < .4:
                event["tags"] = [r.choice(("protected", "daily", "weekly"))]
        elif kind == "delete_schedule":
            if not here[service]:
                continue
            event["schedule"] = r.choice(here[service])
            here[service].remove(event["schedule"])
            if shape["provider"] in ("qdrant", "plain"):
                event["delete_backups"] = r.random() < .5
        elif kind == "change_policy":
            retention = new_retention(r, shape)
            if retention and r.random() < .7:
                event["retention"] = retention
            if "retention" not in event or r.random() < .6:
                event["schedules"] = new_schedules(r, shape)
                here[service] = [s.get("name", "schedule") for s in event["schedules"]]
        else:
            if shape["provider"] not in ("zerops", "plain"):
                continue
            del event["service"]
            event["project"] = "p"
            if shape["provider"] == "zerops":
                event |= r.choice(({"plan": "lightweight"}, {"plan": "serious"},
                                   {"quota": "500 MB"}, {"quota": "1.4 GB"}, {"quota": "300 MB"},
                                   {"quota": "900 MB", "quota_mode": "hard"}))
            else:
                event |= {"quota": r.choice(("400 MB", "2 GB")), "quota_mode": "hard"}
        events.append(event)
    return events


def rare_events(r, shape):
    """What chance alone brings about too seldom."""
    at = "+%dh" % r.randint(24, 24 * 12)
    if shape["provider"] == "zilliz":
        return [{"at": at, "kind": "restore", "service": "a", "role": r.choice(ROLES[3:])},
                {"at": at, "kind": "restore", "service": "b", "backup_version": "2.5.1",
                 "target_version": "2.4.0", "latest_version": "2.6.0"},
                {"at": at, "kind": "manual_backup", "service": "a"},
                {"at": at, "kind": "manual_backup", "service": "a"},
                {"at": "+13d", "kind": "outage", "region": shape["other"], "for": "5h"},
                {"at": "+15d", "kind": "delete_service", "service": "b"},
                {"at": "+16d", "kind": "delete_service", "service": "a"}]
    if shape["provider"] == "zerops":
        return [{"at": at, "kind": "delete_project", "project": "p"}]
    return [{"at": "+14d", "kind": "outage", "region": shape["other"], "for": "9h"},
            {"at": at, "kind": "restore", "service": "*", "in_place": True}]


LOADS = ("as_saved", "loaded", "released")


def partial(r, at):
    """Some of the collections of a service, under names that may be taken by then."""
    chosen = r.choice((["docs"], ["docs"], ["logs"], ["docs", "logs"], ["docs", "docs"]))
    collections = []
    for name in chosen:
        one = {"name": name}
        if r.random() < .9:
            one["to_name"] = r.choice(("docs", "old", "older", "logs", "new"))
        if r.random() < .5:
            one["to_database"] = r.choice(("shop", "archive", "default"))
        if r.random() < .5:
            one["load"] = r.choice(LOADS)
        collections.append(one)
    event = {"at": at, "kind": "restore", "service": r.choice("aab"), "collections": collections}
    if r.random() < .6:
        event["into"] = r.choice("ab")
    return event


def add_restores(r, shape, document):
    """Another project, keys and collections, and restores that go by them."""
    if r.random() < .4:
        return
    region, other = shape["region"], shape["other"]
    may_all = shape["provider"] in ("zilliz", "plain")
    theirs = {"name": "q", "regions": r.choice(([region], ["elsewhere"], [region, other]))}
    mine, events = document["projects"][0], document["events"]
    document["projects"].append(theirs)
    if may_all:
        mine["keys"] = [{"name": "sealed", "region": region}, {"name": "far", "region": "far"},
                        {"name": "spare", "region": region}]
        theirs["keys"] = [{"name": "theirs", "region": region}]
        if r.random() < .5:
            document["services"][0]["key"] = "sealed"
        for service in document["services"]:
            service["collections"] = [{"name": "docs", "share": "40%"},
                                      {"name": "logs", "share": r.choice(("7.3%", "60%"))}]
        if r.random() < .3:
            del document["services"][0]["collections"][0]["share"]
    if shape["provider"] == "zilliz":
        mine["plan"] = theirs["plan"] = "business-critical"
        if "key" in document["services"][0]:  # no collection leaves its database then
            events.append({"at": "+%dh" % r.randint(100, 400), "kind": "restore", "service": "a",
                           "collections": [{"name": "docs", "to_database": "shop"}]})

    def at():
        return "+%dh" % r.randint(24, 24 * 19)
    for _ in range(r.randint(1, 5)):
        event = {"at": at(), "kind": "restore", "service": r.choice("ab")}
        kinds = ("project", "key", "switch", "partial", "partial") if may_all else ("project",)
        kind = r.choice(kinds)
        if kind == "project":
            event["to_project"] = r.choice(("q", "q", "q", "p"))
            if may_all and event["to_project"] == "q" and r.random() < .3:
                event["key"] = "theirs"
        elif kind == "key":
            event["key"] = r.choice(("sealed", "far", "spare"))
        elif kind == "switch":
            key = r.choice(("sealed", "sealed", "spare"))
            event = {"at": at(), "kind": r.choice(("revoke_key", "revoke_key", "enable_key")),
                     "project": "p", "key": key}
        else:
            event = partial(r, at())
        events.append(event)
        if event["kind"] == "restore" and r.random() < .3:
            hours = int(event["at"][1:-1]) + r.randint(0, 50)
            events.append({**event, "at": "+%dh" % min(hours, 24 * 19)})
    if r.random() < .15:
        events.append({"at": at(), "kind": "delete_project", "project": "q"})
        events.append({"at": "+%dh" % (24 * 18), "kind": "restore", "service": "a",
                       "to_project": "q"})
    if may_all and r.random() < .2:
        events += [{"at": "+200h", "kind": "revoke_key", "project": "p", "key": "sealed"},
                   {"at": "+250h", "kind": "restore", "service": "a"},
                   {"at": "+300h", "kind": "enable_key", "project": "p", "key": "sealed"}]


def scenario(seed):
    r = random.Random(seed)
    shape = r.choice(SHAPES)
    schedule, fields = MAKERS[shape["provider"]](r)
    project = {"name": "p"}
    if shape["provider"] == "zerops":
        project |= {"quota": r.choice(("2 GB", "700 MB")),
                    "quota_mode": r.choice(("keep", "hard", "bill"))}
        if project["quota_mode"] == "bill":
            project["quota_ceiling"] = r.choice(("3 GB", "900 MB"))
        if project["quota_mode"] == "bill" and project["quota"] == "2 GB":
            project["quota_ceiling"] = "3 GB"
    elif shape["provider"] == "plain" and r.random() < .3:
        project |= {"quota": r.choice(("900 MB", "3 GB")), "quota_mode": "hard"}
    document = {
        "name": "twin", "start": "2026-%02d-%02d" % (r.randint(1, 12), r.randint(1, 28)),
        "horizon": "20d", "provider": shape["provider"], "seed": r.randint(0, 999),
        "projects": [project],
        "defaults": {"project": "p", "region": shape["region"], "schedules": [schedule], **fields},
        "services": [{"name": "a", "size": "%d MB" % r.randint(1, 400),
                      "growth": {"per_day": "5 MB"}}, {"name": "b", "size": "100 MB"}],
        "events": [event(r, shape) for _ in range(r.randint(0, 12))],
    }
    if r.random() < .3:
        document["events"] += rare_events(r, shape)
    if r.random() < .5:
        document["events"] += changes(r, shape, document)
    if shape["region"] != shape["other"] and r.random() < .6:
        document["links"] = [{"from": shape["region"], "to": shape["other"],
                              "rate": r.choice(("100 kB/s", "2 kB/s"))}]
    if r.random() < .4:
        document["limits"] = [{"jobs": 1} | ({"wait_at_most": "3h"} if r.random() < .7 else {})]
    if r.random() < .3:
        names = {"mtbf": "%dd" % r.randint(2, 9), "mttr": "%dh" % r.randint(1, 30)}
        document["failures"] = [r.choice((
            {"region": shape["region"]}, {"store": shape["region"]},
            {"name": "cause", "service": "*", "share": "60%"})) | names]
    if r.random() < .2:
        document["services"][0]["growth"] |= {"differs": "20%", "wanders": "30%"}
    add_restores(random.Random(f"restores {seed}"), shape, document)
    return document
