"""Runs the programs that different compilers made of one source and compares what they print."""
import subprocess
import sys

if len(sys.argv) < 3:
    sys.exit("two compilers are needed: g++ and clang++ (see dependencies.txt)")
outputs = [subprocess.run([p], check=True, capture_output=True).stdout for p in sys.argv[1:]]
if len(outputs[0].splitlines()) < 100:
    sys.exit("too little was printed to prove anything")
for program, output in zip(sys.argv[2:], outputs[1:]):
    if output != outputs[0]:
        for line, (a, b) in enumerate(zip(outputs[0].splitlines(), output.splitlines()), 1):
            if a != b:
                sys.exit(f"line {line}: {sys.argv[1]} prints {a!r}, {program} prints {b!r}")
        sys.exit("one prints more than the other")
