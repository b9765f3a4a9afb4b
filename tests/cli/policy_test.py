"""A repository's own policy: what backup and forget do because of it, as a user sees it."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine_place import Place  # noqa: E402


def rows(place, *arguments):
    return json.loads(place.run(*arguments, "--json", secret=None))["rows"]


def save(place, name, size=100, **more):
    place.write("source/" + name, os.urandom(size))
    return place.run("backup", place.repository, place.source, *more.pop("options", ()),
                     secret=None, **more)


def forgotten(place, *arguments):
    return [row["id"] for row in rows(place, "forget", place.repository, *arguments)
            if row["action"] == "forget"]


def shown_and_changed(place):
    repository = place.repository
    assert rows(place, "policy", repository) == []
    assert "no policy of its own" in place.run("policy", repository, secret=None) + place.errors
    place.run("policy", repository, "--retention", "restic: --keep-last 2", "--quota", "1GB",
              "--zone", "Europe/Berlin", secret=None)
    place.run("policy", repository, "--quota-mode", "bill", "--ceiling", "2GB", secret=None)
    row, = rows(place, "policy", repository)
    assert row["retention"] == "restic: --keep-last 2" and row["zone"] == "Europe/Berlin", row
    assert (row["quota_bytes"], row["quota_mode"], row["ceiling_bytes"]) == \
        (1000000000, "bill", 2000000000), row
    assert len(os.listdir(place.path("repository/rules"))) == 1, "only what holds stays"
    place.run("policy", repository, "--quota", "none", secret=None)
    row, = rows(place, "policy", repository)
    assert not row["quota_bytes"] and row["retention"], row
    for wrong in (("--retention", "restic: --keep-lots 2"), ("--zone", "Mars/Base"),
                  ("--quota", "-1"), ("--quota-mode", "soft"), ("--quota-mode", "hard"),
                  ("--quota", "1GB", "--quota-mode", "keep"),
                  ("--quota", "1GB", "--ceiling", "5GB"),
                  ("--quota", "5GB", "--quota-mode", "bill", "--ceiling", "1GB"),
                  ("--ceiling", "5GB"), ("--retention", "sanoid: hourly=24 daily=7"),
                  ("--retention", "veeam: restore points 7, weekly 4")):
        place.run("policy", repository, *wrong, code=2, secret=None)
        assert rows(place, "policy", repository) == [row]


def forget_obeys(place):
    """X_CORE_01: the same words, asked by the engine."""
    repository = place.repository
    place.run("forget", repository, code=2, secret=None)
    assert "backcast policy" in place.errors, place.errors
    for number in range(4):
        save(place, "file%d" % number)
    ids = [row["id"] for row in rows(place, "snapshots", repository)]
    place.run("policy", repository, "--retention", "restic: --keep-last 2", secret=None)
    place.run("forget", repository, "--zone", "UTC", code=2, secret=None)
    # No other policy takes what it keeps; a narrower one may keep more.
    assert sorted(forgotten(place, "--policy", "restic: --keep-last 1", "--dry-run")) == \
        sorted(ids[:2])
    kept = [row for row in rows(place, "forget", repository, "--policy", "restic: --keep-last 1",
                                "--dry-run") if "repository's policy" in row["reason"]]
    assert [row["id"] for row in kept] == [ids[2]], kept
    assert forgotten(place, "--policy", "restic: --keep-last 3", "--dry-run") == ids[:1]
    assert sorted(forgotten(place)) == sorted(ids[:2])
    assert [row["id"] for row in rows(place, "snapshots", repository)] == ids[2:]


def born_under_it(place):
    repository = place.repository
    zerops = "zerops: minDaily=1 minWeekly=0 minMonthly=0 protectedTags=release"
    place.run("policy", repository, "--retention", zerops, secret=None)
    for options in ((), (), ("--tag", "manual"), ("--tag", "release")):
        save(place, "a", options=options)
    snapshots = rows(place, "snapshots", repository)
    first, second, by_hand, release = (row["tags"] for row in snapshots)
    assert first == ["daily", "weekly", "monthly"] and second == ["daily"], snapshots
    assert by_hand == ["manual"] and release == ["daily", "release"], snapshots
    place.run("forget", repository, snapshots[3]["id"], code=1, secret=None)
    assert "is protected by a tag" in place.errors, place.errors
    # An expiry is fixed at birth: a later policy does not move it.
    place.run("policy", repository, "--retention", "zilliz: retentionDays=10", secret=None)
    save(place, "b", options=("--time", "2026-01-01T02:00:00Z"))
    place.run("policy", repository, "--retention", "zilliz: retentionDays=30", secret=None)
    assert len(forgotten(place, "--dry-run")) == 1
    expires = [row["expires"] for row in rows(place, "snapshots", repository)]
    assert expires == [""] * 4 + ["2026-01-11T02:00:00Z"], expires
    # A copy has the target's expiry, not the source's.
    old = rows(place, "snapshots", repository)[-1]["id"]
    for policy in (None, "zilliz: retentionDays=5"):
        target = place.path("target%s" % bool(policy))
        place.run("init", target, "--kdf-memory", "8 MiB", "--like", repository)
        if policy:
            place.run("policy", target, "--retention", policy, secret=None)
        place.run("copy", repository, "--to", target, secret=None)
        copy, = (row for row in rows(place, "snapshots", target) if row["id"] == old)
        assert copy.get("expires") != "2026-01-11T02:00:00Z", copy
        verdict, = (row for row in rows(place, "forget", target, "--policy",
                                        "zilliz: retentionDays=30", "--dry-run")
                    if row["id"] == old)
        assert verdict["action"] == "keep", verdict


def quota(place):
    repository = place.repository
    place.run("policy", repository, "--quota", "300kB", secret=None)
    save(place, "a", 200_000)
    save(place, "b", 200_000, code=1)
    assert "the repository's quota" in place.errors and "prune" in place.errors, place.errors
    assert len(rows(place, "snapshots", repository)) == 1
    os.remove(place.path("source/b"))
    place.run("backup", repository, place.source, code=1, secret=None)
    place.run("prune", repository, "--grace", "0", secret=None)  # what no snapshot needs
    place.run("backup", repository, place.source, secret=None)
    place.run("policy", repository, "--quota-mode", "bill", "--ceiling", "500kB", secret=None)
    save(place, "b", 200_000)
    save(place, "c", 200_000, code=1)
    # No other way in: copy asks, too.
    target = place.path("target")
    place.run("init", target, "--kdf-memory", "8 MiB", "--like", repository)
    place.run("policy", target, "--quota", "100kB", secret=None)
    place.run("copy", repository, "--to", target, code=1, secret=None)
    assert "the repository's quota" in place.errors and rows(place, "snapshots", target) == []
    assert place.json("check", repository, "--read-data")["ok"]


def damage(place):
    repository = place.repository
    place.run("policy", repository, "--retention", "restic: --keep-last 1", secret=None)
    name, = os.listdir(place.path("repository/rules"))
    path = place.path("repository/rules/" + name)
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    save(place, "a")  # a backup is made all the same
    assert "neither tags nor expiry" in place.errors, place.errors
    place.run("forget", repository, code=1, secret=None)
    assert "backcast repair" in place.errors, place.errors
    place.run("check", repository, code=1)
    place.run("repair", repository)
    place.run("check", repository)
    assert rows(place, "policy", repository) == []


for case in (shown_and_changed, forget_obeys, born_under_it, quota, damage):
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        place.run("init", place.repository, "--kdf-memory", "8 MiB")
        case(place)
        print("ok", case.__name__)
