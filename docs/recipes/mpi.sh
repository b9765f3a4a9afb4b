#!/bin/sh
# Open MPI, one shard per rank; no rank talks to another.
# mpirun -n 8 sh mpi.sh my.json --vary '/services/0/change/per_day=1%,2%,4%'
# When all ranks are done: backcast sweep --merge part*.jsonl -o all.jsonl
shard=$((OMPI_COMM_WORLD_RANK + 1))
exec backcast sweep "$@" --shard "$shard/$OMPI_COMM_WORLD_SIZE" -o "part$shard.jsonl"
