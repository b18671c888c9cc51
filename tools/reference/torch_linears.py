"""CPU-seconds of PyTorch for the linears and one forward of Wan 2.1 1.3B, to put beside the tables of engines/benchmarks.

    python tools/reference/torch_linears.py                        # linears and forward, one thread
    python tools/reference/torch_linears.py --threads 2 --tokens 390
    python tools/reference/torch_linears.py --only forward --types bfloat16

Weights are random. The forward is the 30 blocks (self-attention with rotary positions, cross-attention to 512 text
tokens, feed-forward network, all modulations and norms) as diffusers' WanTransformer3DModel computes them; a few blocks
run and the time is scaled. Keys and values of the text are timed apart, because they are the same at every step.
CPU time of the process (user + system), smallest of several runs: other work on the machine counts for little.
"""

import argparse
import math
import time

import torch
import torch.nn.functional as F

DIM, FFN, HEADS, TEXT, LAYERS = 1536, 8960, 12, 512, 30
SHAPES = [(DIM, DIM), (DIM, FFN), (FFN, DIM)]


def cpu_seconds(work, seconds):
    """Smallest CPU time of one call."""
    work()
    smallest = math.inf
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        start = time.process_time()
        work()
        smallest = min(smallest, time.process_time() - start)
    return smallest


class Block:
    """One transformer block with random weights."""

    def __init__(self, dtype):
        def weight(rows, columns):
            return (torch.randn(rows, columns) / math.sqrt(columns)).to(dtype), (torch.randn(rows) * 0.02).to(dtype)

        self.q, self.k, self.v, self.o = (weight(DIM, DIM) for _ in range(4))
        self.cq, self.ck, self.cv, self.co = (weight(DIM, DIM) for _ in range(4))
        self.up, self.down = weight(FFN, DIM), weight(DIM, FFN)
        self.norms = [torch.ones(DIM, dtype=dtype) for _ in range(5)]
        self.bias = torch.zeros(DIM, dtype=dtype)
        self.table = torch.randn(1, 6, DIM) * 0.02

    def text(self, context):
        k = F.rms_norm(F.linear(context, *self.ck), (DIM,), self.norms[3], 1e-6)
        return heads(k), heads(F.linear(context, *self.cv))

    def __call__(self, x, modulation, rope, text):
        m = (self.table + modulation).to(x.dtype).unbind(1)
        u = F.layer_norm(x, (DIM,), eps=1e-6) * (1 + m[1]) + m[0]
        q = F.rms_norm(F.linear(u, *self.q), (DIM,), self.norms[0], 1e-6)
        k = F.rms_norm(F.linear(u, *self.k), (DIM,), self.norms[1], 1e-6)
        v = heads(F.linear(u, *self.v))
        mixed = F.scaled_dot_product_attention(rotate(heads(q), rope), rotate(heads(k), rope), v)
        x = x + F.linear(joined(mixed), *self.o) * m[2]
        u = F.layer_norm(x, (DIM,), self.norms[4], self.bias, 1e-6)
        q = F.rms_norm(F.linear(u, *self.cq), (DIM,), self.norms[2], 1e-6)
        x = x + F.linear(joined(F.scaled_dot_product_attention(heads(q), *text)), *self.co)
        u = F.layer_norm(x, (DIM,), eps=1e-6) * (1 + m[4]) + m[3]
        return x + F.linear(F.gelu(F.linear(u, *self.up), approximate="tanh"), *self.down) * m[5]


def heads(x):
    return x.unflatten(2, (HEADS, -1)).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).flatten(2)


def rotate(x, rope):
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = rope
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(3)


def linears(dtype, tokens, seconds):
    for columns, rows in SHAPES:
        x = torch.randn(tokens, columns).to(dtype)
        w = torch.randn(rows, columns).to(dtype)
        b = torch.randn(rows).to(dtype)
        took = cpu_seconds(lambda: F.linear(x, w, b), seconds)
        print(f"| {dtype} | {tokens} | {columns} -> {rows} | {took * 1e3:.2f} | {2e-9 * tokens * rows * columns / took:.0f} |")


def forward(dtype, tokens, layers, seconds):
    blocks = [Block(dtype) for _ in range(layers)]
    x = torch.randn(1, tokens, DIM).to(dtype)
    context = torch.randn(1, TEXT, DIM).to(dtype)
    modulation = torch.randn(1, 6, DIM)
    angles = torch.rand(tokens, DIM // HEADS // 2)
    rope = angles.cos().to(dtype), angles.sin().to(dtype)
    texts = [block.text(context) for block in blocks]

    def trunk():
        z = x
        for block, text in zip(blocks, texts):
            z = block(z, modulation, rope, text)
        return z

    took = cpu_seconds(trunk, seconds) * LAYERS / layers
    text = cpu_seconds(lambda: [block.text(context) for block in blocks], seconds) * LAYERS / layers
    print(f"| {dtype} | {tokens} | {took:.2f} | {text:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, nargs="+", default=[390, 1280, 4096])
    parser.add_argument("--types", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--layers", type=int, default=2, help="blocks that are run")
    parser.add_argument("--seconds", type=float, default=3, help="time for each figure")
    parser.add_argument("--only", choices=["linears", "forward"])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    types = [getattr(torch, name) for name in args.types]
    print(f"PyTorch {torch.__version__}, {args.threads} thread(s)")
    with torch.inference_mode():
        if args.only != "forward":
            print("\n| type | tokens | linear | CPU ms | GOP/s |\n|---|---|---|---|---|")
            for dtype in types:
                for tokens in args.tokens:
                    linears(dtype, tokens, args.seconds)
        if args.only != "linears":
            print("\n| type | tokens | forward, CPU s | keys and values of the text, CPU s |\n|---|---|---|---|")
            for dtype in types:
                for tokens in args.tokens:
                    forward(dtype, tokens, args.layers, args.seconds)


if __name__ == "__main__":
    main()
