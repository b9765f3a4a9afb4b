"""Every verb that computes gives the same bytes whatever the compiler, threads, zone and locale.

whole_runs.py ROOT BACKCAST FIDELITY [OTHER_BACKCAST OTHER_FIDELITY]: the last two are the same
programs made by another compiler. Each case is a line of shell, run in a folder of its own; what it
prints, its exit codes and every file it writes are compared.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import inputs

SHIPPED = ["policy-that-fails", "qdrant-azure", "qdrant-incremental", "s3-classes",
           "three-providers", "zerops-defaults",
           "zerops-quota", "zilliz-automatic", "zilliz-cross-region"]
CASES = [f"backcast simulate {name} -q --explain --ledger ledger.jsonl; "
         f"backcast simulate {name} -q --json --explain" for name in SHIPPED] + [
    "backcast simulate coupled.json -q --events --csv $threads",
    "backcast simulate coupled.json -q --json --explain --ledger ledger.jsonl --report page.html "
    "$threads; backcast price ledger.jsonl --prices gcp --lines --csv --focus focus.csv "
    "--xlsx bill.xlsx",
    "backcast simulate fleet.json -q --json --ledger ledger.jsonl $threads",
    "backcast simulate flaky.json -q --json --replications 40 --report page.html $threads",
    "backcast simulate flaky.json -q --csv --replications 400 --within 0.01 $threads",
    "backcast validate flaky.json -q --markdown --replications 60 --junit junit.xml $threads",
    "backcast compare flaky.json coupled.json -q --until +50d --replications 12 --csv $threads",
    "backcast compare flaky.json flaky.json -q --lines --csv --report page.html $threads",
    "vary=\"--vary /services/0/change/per_day=1%..5% --vary /services/0/job/retries=0..4\"\n"
    "backcast sweep flaky.json -q $vary --design sobol --points 16 --replications 2 -o all.jsonl "
    "--report page.html $threads; for i in 1 2 3; do backcast sweep flaky.json -q $vary "
    "--design sobol --points 16 --replications 2 --shard $i/3 -o part$i.jsonl; done\n"
    "backcast sweep -q --merge part3.jsonl part1.jsonl part2.jsonl -o merged.jsonl\n"
    "cmp all.jsonl merged.jsonl || echo 'exit 9' >&2",
    *[f"backcast sweep flaky.json --vary '/services/0/size=10 GB..50 GB' --vary "
      f"'/services/0/change/noise=0..0.9' --design {design} --points 6 --json -q $threads; "
      f"backcast sweep flaky.json --vary '/services/0/size=10 GB..50 GB' --vary "
      f"'/services/0/change/noise=0..0.9' --design {design} --points 6 -q $threads"
      for design in ("latin", "morris", "saltelli")],
    "backcast optimize flaky.json -q --at-least 0.5 --replications 8 --vary "
    "'/services/0/retention=restic: --keep-last 3,restic: --keep-daily 14' "
    "--vary /services/0/job/retries=0,2 --report page.html $threads",
    *[f"backcast calibrate {table} --json --quiet; backcast calibrate {table} --quiet; "
      f"backcast calibrate {table} --workload"
      for table in ("presence.csv", "sizes.csv", "losses.csv")],
    "fidelity presence.csv",
    "backcast retention -p 'borg: -d 7 -m 3' --versus 'borg: -d 3 -w 2' policies/history.csv "
    "--now 2026-02-04 --until 2026-07-01; backcast calibrate losses.csv --workload > w.json; "
    "backcast retention -p 'restic: --keep-last 4' policies/history.csv --now 2026-02-04 --bytes "
    "--model w.json --csv",
    "backcast retention -p 'kopia: --keep-latest 2 --keep-monthly 3' --schedule 'weekly sun 03:00' "
    "--since 2026-01-01 --now 2028-01-01 -q --json; backcast import zfs policies/zfs.txt",
    "backcast schedule '30 2 * * *' 'zilliz: 1,3,5 02:00-04:00' 'weekly sun 03:00' "
    "--zone America/New_York --after 2025-03-01 --count 60 --csv",
    "for file in billing/[!t]*.csv; do backcast price $file --prices billing/mechanics.json "
    "--lines --json; done; backcast price billing/two-currencies.csv --prices "
    "billing/mechanics.json --prices billing/euro.json --lines "
    "--exchange '1 EUR = 1.0842 USD, 2026-06-30, reference'; backcast price billing/months.csv "
    "--prices billing/mechanics.json --budget 4.31 --xlsx bill.xlsx --focus focus.csv",
    "for book in aws azure b2 gcp qdrant wasabi zerops zilliz; do backcast prices show $book "
    "--json; done",
]

# What is changed beside the compiler; the first is what all others are compared with.
HOMELESS = {"HOME": None}
SETTINGS = [("UTC", "C", 1, {}), ("Asia/Kathmandu", "de_DE.UTF-8", 2, HOMELESS),
            ("America/New_York", "tr_TR.UTF-8", 2, {}), ("Pacific/Apia", "C.UTF-8", 1, HOMELESS)]


def make_locales(folder):
    """German has another decimal point, Turkish another upper case of i."""
    for name in ("de_DE", "tr_TR"):
        done = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"],
                              capture_output=True, check=False)
        if not (folder / f"{name}.UTF-8").is_dir():
            sys.exit(f"no locale {name} (package locales): {done.stderr.decode()[:300]}")


def run(case, programs, setting, given, folder):
    """What a case printed, and every file that it left, by name."""
    zone, locale, threads, more = setting
    folder.mkdir(parents=True)
    for entry in given.iterdir():
        (folder / entry.name).symlink_to(entry)
    env = {**os.environ, "TZ": zone, "LC_ALL": locale, "LOCPATH": str(given.parent), **more}
    env = {name: value for name, value in env.items() if value is not None}
    text = (f'backcast() {{ "{programs[0]}" "$@"; echo "exit $?" >&2; }}\n'
            f'fidelity() {{ "{programs[1]}" "$@"; echo "exit $?" >&2; }}\n'
            f'threads="--threads {threads}"\n{case}\n')
    done = subprocess.run(["bash", "-c", text], cwd=folder, env=env, capture_output=True,
                          check=False)
    exits = [line for line in done.stderr.splitlines() if line.startswith(b"exit ")]
    worked = exits and set(exits) <= {b"exit 0", b"exit 1"}
    if not worked:
        print(f"{case}\nfailed: {done.stdout.decode()[-200:]}{done.stderr.decode()}")
    left = {path.name: path.read_bytes() for path in folder.iterdir() if not path.is_symlink()}
    if not worked:
        left["did not work"] = str(folder).encode()
    return {"standard output": done.stdout, "standard error": done.stderr, **left}


def first_difference(one, other):
    """In words."""
    for name in sorted({*one, *other}):
        a, b = one.get(name, b"").splitlines(), other.get(name, b"").splitlines()
        for line in range(max(len(a), len(b))):
            x, y = (part[line] if line < len(part) else b"nothing" for part in (a, b))
            if x != y:
                at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), 0)
                near = slice(max(0, at - 60), at + 60)
                return f"{name}, line {line + 1}: {x[near]!r} became {y[near]!r}"
    return None


def main():
    root, ours, other = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:4], sys.argv[4:6]
    if other and not pathlib.Path(other[0]).exists():
        sys.exit(f"{other[0]} is missing: the other compiler is needed (see dependencies.txt)")
    if other and pathlib.Path(other[0]).read_bytes() == pathlib.Path(ours[0]).read_bytes():
        sys.exit("one program twice proves nothing")
    faults = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make_locales(folder)
        given = folder / "given"
        given.mkdir()
        inputs.write(given, root)
        for number, case in enumerate(CASES):
            expected = run(case, ours, SETTINGS[0], given, folder / f"{number}")
            changes = [(other or ours, SETTINGS[1]), (ours, SETTINGS[2 + number % 2])]
            for programs, setting in changes:
                place = folder / f"{number} elsewhere" / setting[1]
                seen = run(case, programs, setting, given, place)
                if difference := first_difference(expected, seen):
                    faults.append(f"{case}\n  {programs[0]} {setting}: {difference}")
                    print(faults[-1])
    if faults:
        sys.exit(f"{len(faults)} runs differ")
    print(f"{len(CASES)} cases: the same bytes")


main()
