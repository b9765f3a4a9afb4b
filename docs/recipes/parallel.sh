#!/bin/sh
# GNU parallel, here or over ssh (add --sshlogin). Give the number of shards, then what the sweep
# needs: sh parallel.sh 8 my.json --vary '/services/0/change/per_day=1%,2%,4%'
set -e
shards=$1
shift
parallel --quote backcast sweep "$@" --shard "{}/$shards" -o "part{}.jsonl" ::: $(seq "$shards")
backcast sweep --merge part*.jsonl -o all.jsonl
