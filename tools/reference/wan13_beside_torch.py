"""One table of a forward pass of Wan 2.1 1.3B: Quantreel's precisions and PyTorch, measured in turns in one run.

    python tools/reference/wan13_beside_torch.py --file wan13.safetensors
    python tools/reference/wan13_beside_torch.py --file wan13.safetensors --tokens 390 --rounds 3

The file is one that `./quantreel synth wan-t2v-1.3b --out wan13.safetensors` writes. Every round runs `./quantreel bench
wan13` and torch_linears.py once, so that other work on the machine disturbs both alike. CPU-seconds (user + system) of
one pass of one guidance branch, the least of the rounds, and the spread of the rounds.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parents[2]
PRECISIONS = ["FP32", "W8A8", "W4A8", "W4A4"]


def rows(text):
    """Cells of the rows of a Markdown table."""
    return [[cell.strip() for cell in line.strip("| \n").split("|")] for line in text.splitlines() if line.startswith("|")]


def quantreel(args):
    command = [str(HOME / "quantreel"), "bench", "wan13", "--file", args.file, "--passes", "2"]
    command += ["--tokens", ",".join(map(str, args.tokens)), "--threads", str(args.threads)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    table = rows(text[text.index("CPU-seconds of one pass") :])
    return {row[0]: [float(cell) for cell in row[1:]] for row in table if row[0] in PRECISIONS}


def pytorch(args):
    command = [sys.executable, str(HOME / "tools/reference/torch_linears.py"), "--only", "forward"]
    command += ["--threads", str(args.threads or os.cpu_count()), "--tokens", *map(str, args.tokens)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for row in rows(text):
        name = re.sub(r"^torch\.", "PyTorch ", row[0])
        if name.startswith("PyTorch"):
            found.setdefault(name, []).append(float(row[2]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", required=True)
    parser.add_argument("--tokens", type=int, nargs="+", default=[390, 1280, 4096])
    parser.add_argument("--threads", type=int, default=0, help="0 for all")
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    measured = {}
    for _ in range(args.rounds):
        for source in (quantreel, pytorch):
            for name, seconds in source(args).items():
                measured.setdefault(name, []).append(seconds)
        print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("| CPU-s of one pass | " + " | ".join(f"{tokens:,} tokens" for tokens in args.tokens) + " |")
    print("|---" * (len(args.tokens) + 1) + "|")
    for name, rounds in measured.items():
        cells = [f"{min(column):.2f} (+{max(column) / min(column) - 1:.0%})" for column in zip(*rounds)]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
