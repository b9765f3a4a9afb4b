"""A whole Slurm cluster on this machine, for as long as a test needs it: munged, slurmctld and
slurmd under configuration, keys, sockets and ports of their own, all in one scratch folder."""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60
STOP_SECONDS = 10


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def configuration(folder, user):
    host = socket.gethostname().split(".")[0]
    controller, node = free_ports(2)
    return f"""
ClusterName=recipes
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def wait_for(ready, what, daemons, folder):
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        dead = [name for name, process in daemons.items() if process.poll() is not None]
        if dead or time.monotonic() > deadline:
            logs = "".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
                           for log in sorted(folder.glob("*.log")))
            why = f"{dead[0]} ended" if dead else f"{START_SECONDS} s have passed"
            sys.exit(f"Slurm does not start here: {what}: {why}\n{logs}")
        time.sleep(0.1)


@contextlib.contextmanager
def running():
    """Yields the environment that sbatch needs."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    daemons = {}
    settings = {"SLURM_CONF": str(folder / "slurm.conf")}

    def start(*command):
        name = pathlib.Path(command[0]).name
        with open(folder / f"{name}.out.log", "wb") as log:
            daemons[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, env=os.environ | settings)

    def node_is_idle():
        seen = subprocess.run(["sinfo", "--noheader", "--format=%T"], env=os.environ | settings,
                              capture_output=True, text=True, timeout=START_SECONDS)
        return seen.stdout.strip() == "idle"

    try:
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        user = pwd.getpwuid(os.getuid()).pw_name
        (folder / "slurm.conf").write_text(configuration(folder, user))
        start("munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
              f"--key-file={key}", f"--pid-file={folder}/munged.pid",
              f"--seed-file={folder}/munged.seed", "--num-threads=1")
        wait_for((folder / "munge.socket").exists, "munged makes no socket", daemons, folder)
        start("slurmctld", "-D")
        start("slurmd", "-D")
        wait_for(node_is_idle, "the node is never idle", daemons, folder)
        yield settings
    finally:
        for process in reversed(daemons.values()):
            process.terminate()
        for process in daemons.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)
