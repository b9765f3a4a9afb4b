"""A provider's profile under another name gives the same bytes but for the name.

copied_profiles.py ROOT BACKCAST: every vendor's profile is copied to a file with a name of its own,
and each scenario here runs under the profile and under its copy. Rules come from the profile's
"rules" alone, so whatever is printed or refused must be the same.
"""
import pathlib
import subprocess
import sys
import tempfile

VENDORS = ("qdrant", "zerops", "zilliz")
SHIPPED = ("policy-that-fails", "qdrant-azure", "qdrant-incremental", "three-providers",
           "zerops-defaults", "zerops-quota", "zilliz-automatic", "zilliz-cross-region")
SERVICE = '"region": "%s", "size": "20 GB", "change": {"per_day": "2%%"}'
REGIONS = {"qdrant": "aws-us-east-1", "zerops": "zerops", "zilliz": "gcp-us-west1"}
# What each vendor does in its own way: events that it allows or refuses, and fields it checks.
EVENTS = ('{"kind": "delete_service", "at": "+20d", "service": "db"}',
          '{"kind": "delete_service", "at": "+20d", "service": "db", "delete_backups": true}',
          '{"kind": "delete_project", "at": "+20d", "project": "shop"}',
          '{"kind": "disable_schedules", "at": "+9d", "service": "db"}, '
          '{"kind": "enable_schedules", "at": "+12d", "service": "db"}',
          '{"kind": "manual_backup", "at": "+1d", "service": "db", "tags": ["a b"]}',
          '{"kind": "manual_backup", "at": "+1d", "service": "db", "retention_days": 3}',
          '{"kind": "manual_backup", "at": "+1d", "service": "db"}, '
          '{"kind": "manual_backup", "at": "+1d", "service": "db"}',
          '{"kind": "restore", "at": "+8d", "service": "db"}',
          '{"kind": "restore", "at": "+8d", "service": "db", "backup_version": "2.5.1", '
          '"target_version": "2.5.1", "latest_version": "2.6.0", "role": "other"}',
          '{"kind": "restore", "at": "+8d", "service": "db", "backup_version": "1.4.0", '
          '"target_version": "1.3.9"}')
FIELDS = ('"schedules": [{}]', '"schedules": [{"retention_days": 7}]', '"kind": "toaster"',
          '"schedules": [{"retention_days": "forever"}]', '"schedules": [{"every": "daily"}]',
          '"schedules": [{"cron": "5 0 * * *", "zone": "Europe/Berlin", "name": "a"}]',
          '"schedules": [{"copies": [{"region": "aws-us-west-2", "retention_days": 3}]}]',
          '"schedules": [{}], "retention": "restic: --keep-daily 7"')


def scenarios(root):
    """(name, vendor, text) of all that is compared."""
    for name in SHIPPED:
        text = (root / "scenarios" / f"{name}.json").read_text("utf-8")
        vendor = next(v for v in VENDORS if f'"provider": "{v}"' in text)
        yield name, vendor, text
    for vendor in VENDORS:
        service = SERVICE % REGIONS[vendor]
        for number, event in enumerate(EVENTS):
            yield f"{vendor}-event-{number}", vendor, document(vendor, service, event)
        for number, fields in enumerate(FIELDS):
            yield f"{vendor}-fields-{number}", vendor, document(vendor, f"{service}, {fields}", "")


def document(vendor, service, events):
    return (f'{{"name": "copied", "horizon": "40d", "start": "2025-06-02",\n'
            f'"provider": "{vendor}",\n"projects": [{{"name": "shop"}}], '
            f'"services": [{{"name": "db", "project": "shop", {service}}}], '
            f'"events": [{events}]}}')


def outcome(backcast, folder, name, text):
    file = folder / "scenario.json"
    file.write_text(text, "utf-8")
    ledger = folder / "ledger.jsonl"
    ledger.unlink(missing_ok=True)
    done = [subprocess.run([backcast, *words], cwd=folder, capture_output=True, check=False)
            for words in (["simulate", "scenario.json", "-q", "--json", "--explain", "--ledger",
                           "ledger.jsonl"],
                          ["simulate", "scenario.json", "-q", "--events"],
                          ["validate", "scenario.json", "-q"])]
    text = "\n".join(f"{one.returncode}\n{one.stdout.decode()}\n{one.stderr.decode()}"
                     for one in done)
    return text + (ledger.read_text("utf-8") if ledger.exists() else "")


def main():
    root, backcast = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    different, ran = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for vendor in VENDORS:  # a name of the same length, so that tables stay as wide
            profile = (root / "scenarios/profiles" / f"{vendor}.json").read_text("utf-8")
            (folder / f"{vendor[:-1]}0.json").write_text(
                profile.replace(f'"profile": "{vendor}"', f'"profile": "{vendor[:-1]}0"'), "utf-8")
        for name, vendor, text in scenarios(root):
            copied = text.replace(f'"provider": "{vendor}"', f'"provider": "{vendor[:-1]}0.json"')
            wanted = outcome(backcast, folder, name, text)
            got = outcome(backcast, folder, name, copied).replace(f"{vendor[:-1]}0.json", vendor)
            ran += '"backups"' in wanted
            if got.replace(f"{vendor[:-1]}0", vendor) != wanted:
                different.append(name)
                print(f"{name}: not the same under a copy of {vendor}'s profile", file=sys.stderr)
                for a, b in zip(wanted.splitlines(), got.splitlines()):
                    if a != b.replace(f"{vendor[:-1]}0", vendor):
                        print(f"  {a[:300]}\n  {b[:300]}", file=sys.stderr)
                        break
    print(f"{ran} runs, {len(different)} differ")
    sys.exit(1 if different or ran < 20 else 0)


main()
