"""Runs the recipes of docs/recipes with the real schedulers and demands that what is merged is,
byte for byte, what one machine writes.

recipes_test.py SCHEDULER BACKCAST ROOT, with SCHEDULER one of parallel, mpi, slurm, kubernetes
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import slurm_cluster

VARY = ["--vary", "/services/0/change/per_day=1%,2%,4%",
        "--vary", "/services/0/job/failure_probability=0%,20%", "--replications", "3"]
SHARDS = 3
LIMIT_SECONDS = 120


def run(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=LIMIT_SECONDS)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexits with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def need(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; ./run test installs what tests need")


def with_parallel(folder, environment, recipes):
    need("parallel")
    run(["sh", str(recipes / "parallel.sh"), str(SHARDS), "my.json", *VARY], folder, environment)


def with_mpi(folder, environment, recipes):
    need("mpirun")
    # A container's only user is root, and it may have fewer cores than the recipe has ranks.
    environment = environment | {"OMPI_ALLOW_RUN_AS_ROOT": "1",
                                 "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    run(["mpirun", "--oversubscribe", "-n", str(SHARDS), "sh", str(recipes / "mpi.sh"), "my.json",
         *VARY], folder, environment)


def with_slurm(folder, environment, recipes):
    need("munged", "slurmctld", "slurmd", "sbatch")
    with slurm_cluster.running() as settings:
        run(["sbatch", "--wait", f"--array=1-{SHARDS}", str(recipes / "slurm.sh"), "my.json",
             *VARY], folder, environment | settings)


def with_kubernetes(folder, environment, recipes):
    """No cluster here: each pod's own command runs with the index that Kubernetes would give."""
    import yaml
    job = yaml.safe_load((recipes / "kubernetes.yaml").read_text())["spec"]
    container = job["template"]["spec"]["containers"][0]
    given = {e["name"]: e["value"] for e in container["env"]}
    assert job["completionMode"] == "Indexed", job
    assert given["SHARDS"] == str(job["completions"]), "SHARDS must be the number of completions"
    for index in range(job["completions"]):
        run(container["command"], folder,
            environment | given | {"JOB_COMPLETION_INDEX": str(index)})
    return ["--vary", given["VARY"]]


def main():
    scheduler, program, root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    with tempfile.TemporaryDirectory(prefix="recipe-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "bin").mkdir()
        (folder / "bin" / "backcast").symlink_to(program.resolve())
        shutil.copy(root / "tests/golden/trials/policy.json", folder / "my.json")
        environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        recipe = globals()["with_" + scheduler]
        swept = recipe(folder, environment, root / "docs/recipes") or VARY
        parts = sorted(str(p.name) for p in folder.glob("part*.jsonl"))
        if len(parts) < SHARDS:
            sys.exit(f"only {parts} were written")
        run(["backcast", "sweep", "my.json", *swept, "-o", "whole.jsonl"], folder, environment)
        run(["backcast", "sweep", "--merge", *reversed(parts), "-o", "all.jsonl"], folder,
            environment)
        if (folder / "all.jsonl").read_bytes() != (folder / "whole.jsonl").read_bytes():
            sys.exit("what is merged differs from what one machine writes")


if __name__ == "__main__":
    main()
