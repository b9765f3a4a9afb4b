#!/bin/sh
# What a change of scenarios changes, as Markdown for a pull request: each file that differs from
# the commit, beside what it was there. sh compare-changed.sh origin/main policies/*.json
set -eu
base=$1
shift
for file in "$@"; do
  if git cat-file -e "$base:./$file" 2> /dev/null; then
    if git diff --quiet "$base" -- "$file"; then continue; fi
    # Beside the file, where what it names by path is found.
    before=$(dirname "$file")/before-$$-$(basename "$file")
    git show "$base:./$file" > "$before"
    printf '# %s\n\n' "$file"
    backcast compare "$before" "$file" --markdown --quiet || printf 'Cannot be compared.\n'
    rm -f "$before"
  else
    printf '# %s, new\n\n' "$file"
    backcast simulate "$file" --markdown --quiet || printf 'Cannot be simulated.\n'
  fi
  printf '\n'
done
