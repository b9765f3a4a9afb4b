#!/bin/sh
#SBATCH --job-name=backcast-sweep
#SBATCH --cpus-per-task=1
#SBATCH --output=part%a.log
# Slurm, one array task per shard; the folder must be one that every node sees.
# sbatch --wait --array=1-8 slurm.sh my.json --vary '/services/0/change/per_day=1%,2%,4%'
# When the array is done: backcast sweep --merge part*.jsonl -o all.jsonl
shard=$SLURM_ARRAY_TASK_ID
exec backcast sweep "$@" --shard "$shard/$SLURM_ARRAY_TASK_COUNT" --threads 1 -o "part$shard.jsonl"
