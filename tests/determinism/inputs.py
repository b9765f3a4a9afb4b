"""Scenarios and histories that between them reach every place where numbers are drawn or fitted."""
import json
import shutil

SERVICE = {"region": "gcp-us-west1", "schedules": [{"cron": "30 2 * * 1"}],
           "retention": "restic: --keep-last 3 --keep-monthly 2",
           "change": {"mixture": [{"share": "20%", "per_day": "40%"},
                                  {"share": "30%", "per_day": "3%"}],
                      "noise": 0.4, "weekdays": [1, 1, 1, 1, 1.5, 0.2, 0.1],
                      "rewrite_every": "30d", "rewrite_share": "50%"}}
DRAWN = {"size": {"log_normal": {"median": "20 GB", "sigma": 1.2}},
         "growth_per_day": {"uniform": {"from": "-10 MB", "to": "90 MB"}},
         "growth_per_year": {"uniform": {"from": "0%", "to": "80%"}},
         "stored_share": {"uniform": {"from": "30%", "to": "90%"}},
         "activity": {"log_normal": {"median": 1, "sigma": 0.6}}}
REQUIREMENTS = [{"kind": "rpo", "at_most": "7d12h"}, {"kind": "coverage", "ladder": ["1d", "7d"]},
                {"kind": "budget", "per": "month", "at_most": "2.00 USD"}]
JOB = {"rate": "100 MB/s", "copy_rate": "30 MB/s", "failure_probability": "10%", "retries": 1,
       "retry_after": "10m"}


def fleet():
    """Too many services to list each: kept as sums. One is on a timetable, one is not."""
    return {"name": "fleet", "start": "2026-01-01", "horizon": "200d", "price_book": "zilliz",
            "fleets": [
                {"name": "even", "count": 20500, **DRAWN, "service": SERVICE},
                {"name": "odd", "count": 90, "service": {
                    "region": "gcp-us-west1", "size": "70 GB", "change": SERVICE["change"],
                    "job": JOB | {"duration_spread": 0.3},
                    "schedules": [{"rule": "zilliz: 1,3,5 02:00-04:00", "retention_days": 9,
                                   "copies": [{"region": "gcp-us-east4", "retention_days": 5}]}]}}],
            "events": [{"at": "+40d", "kind": "burst", "service": "even", "rewrites": "60%",
                        "adds": "1 GB"}],
            "requirements": REQUIREMENTS}


def coupled():
    """Services that share a link and a limit, with everything that may happen to them."""
    seasonal = {"per_day": "50 MB", "per_year": "40%", "season": {"amplitude": "30%",
                                                                  "period": "30d"}}
    nightly = {"cron": "30 2 * * *", "retention_days": 20, "zone": "America/New_York",
               "copies": [{"region": "europe-west4", "retention_days": 9}]}
    services = [{"name": f"db{i}", "size": f"{7 * i + 3} GB", "growth": seasonal,
                 "schedules": [nightly], "change": SERVICE["change"], "job": JOB}
                for i in range(6)]
    services[1] |= {"delta": "incremental", "chain": {"full_every": 7}}
    services[2] |= {"delta": "differential", "chain": {"full_every": 7}}
    services[4] |= {"growth": {"per_year": "40%", "differs": "30%", "wanders": "20%"},
                    "job": JOB | {"restore_rate": "50 MB/s", "duration_spread": 0.4}}
    services[3] |= {"zone": "Europe/Berlin", "schedules": [{"cron": "30 2 * * *"}],
                    "retention": "borg: --keep-daily 7 --keep-weekly 4"}
    return {"name": "coupled", "start": "2026-01-01", "horizon": "150d", "provider": "plain",
            "price_book": "gcp", "defaults": {"region": "us-central1", "store": {
                "class": "Cloud Storage Standard", "object_size": "64 MiB", "retrieval": True}},
            "links": [{"from": "us-central1", "to": "europe-west4", "rate": "20 MB/s"}],
            "limits": [{"jobs": 2}], "services": services,
            "repositories": [{"name": "images", "service": ["db0", "db4", "db5"],
                              "shared": {"share": "40%", "drift_per_day": "0.3%"}}],
            "failures": [{"region": "us-central1", "mtbf": "40d", "mttr": "9h"},
                         {"store": "europe-west4", "mtbf": "30d", "mttr": "1d"},
                         {"region": "us-central1", "to_region": "europe-west4", "mtbf": "25d",
                          "mttr": "5h"},
                         {"name": "keys", "service": "*", "share": "40%", "mtbf": "20d",
                          "mttr": "1d"}],
            "events": [{"at": "+30d", "kind": "outage", "region": "us-central1", "for": "2d"},
                       {"at": "+50d", "kind": "restore", "service": "db4"},
                       {"at": "+60d", "kind": "clock_jump", "service": "db5", "by": "-90m"},
                       {"at": "+70d", "kind": "link_outage", "region": "us-central1",
                        "to_region": "europe-west4", "for": "1d"}],
            "requirements": [{"kind": "rpo", "at_most": "25h"},
                             {"kind": "copy_within", "region": "europe-west4", "at_most": "6h"},
                             {"kind": "restore_time", "service": "db4", "at_most": "20m"},
                             {"kind": "coverage", "ladder": ["1d", "7d"]}]}


def flaky():
    """Short enough to be run hundreds of times."""
    return {"name": "flaky", "start": "2026-01-01", "horizon": "60d", "provider": "plain",
            "price_book": "zilliz",
            "services": [{"name": "db", "region": "gcp-us-west1", "size": "20 GB",
                          "change": {"per_day": "2%", "noise": 0.4},
                          "schedules": [{"cron": "30 2 * * *"}],
                          "retention": "restic: --keep-daily 7 --keep-weekly 4",
                          "job": {"rate": "50 MB/s", "failure_probability": "10%"}}],
            "requirements": [{"name": "fresh", "kind": "rpo", "at_most": "3d", "quantile": "90%"}]}


def presence(generations):
    """A presence table: bytes by the generations that hold them, from a generator of our own."""
    state, rows = 12345, ["# generations=%d" % generations, "present,bytes"]
    for born in range(generations):
        for _ in range(4):
            state = (state * 1103515245 + 12345) % 2**31
            life = 1 + (state >> 8) % (2 ** (1 + (state >> 20) % 8))
            last = min(born + life, generations) - 1
            rows.append(f"{born}-{last},{1000 + (state >> 5) % 90000}")
    return "\n".join(rows) + "\n"


def sizes(backups):
    """The history of a tool that tells sizes and new bytes alone."""
    rows, state = ["time,size_bytes,new_bytes"], 99
    for i in range(backups):
        state = (state * 1103515245 + 12345) % 2**31
        size = 20_000_000_000 + i * 31_000_000
        new = size if i == 0 else 200_000_000 + (state >> 3) % 900_000_000
        month, day = divmod(i, 28)
        rows.append(f"2026-{month + 1:02}-{day + 1:02}T00:30:00Z,{size},{new}")
    return "\n".join(rows) + "\n"


def write(folder, root):
    """Puts everything that the runs read into the folder."""
    for scenario in (fleet(), coupled(), flaky()):
        (folder / f"{scenario['name']}.json").write_text(json.dumps(scenario, indent=1))
    (folder / "presence.csv").write_text(presence(75))
    (folder / "sizes.csv").write_text(sizes(60))
    shutil.copy(root / "tests/golden/calibrate/history.csv", folder / "losses.csv")
    for name in ("billing", "policies"):
        shutil.copytree(root / "docs" / name, folder / name)
