"""What PyTorch needs for the same work, on this GPU. Prints name=value; times are milliseconds, medians of CUDA events.

baseline.py gemm M K N [K N ...]            bf16.K.N, int8.K.N
baseline.py attention TOKENS HEADS DIM      flash
baseline.py block TOKENS WIDTH HEADS MLP    block, peak (a Wan block in bf16: self-attention, cross-attention of 512, MLP;
                                            the most bytes of tensors at a time)
baseline.py copy BYTES                      gbs (bytes read and written a second)
"""

import sys


def fail(text):
    print(text)
    sys.exit(1)


try:
    import torch
except ImportError:
    fail("python3 has no torch")
if not torch.cuda.is_available():
    fail("torch sees no GPU")

F = torch.nn.functional
DEVICE = torch.device("cuda:0")


def median_ms(work, seconds=1.5, most=50):
    """Median time of one call; the first three are not counted."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    times, spent = [], 0.0
    while len(times) < most and (spent < seconds * 1000 or len(times) < 3):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
        spent += times[-1]
    return sorted(times)[len(times) // 2]


def show(name, value):
    print(f"{name}={value:.6g}", flush=True)


def gemm(m, *dims):
    for k, n in zip(dims[::2], dims[1::2]):
        x = torch.randn(m, k, device=DEVICE, dtype=torch.bfloat16)
        w = torch.randn(n, k, device=DEVICE, dtype=torch.bfloat16)
        show(f"bf16.{k}.{n}", median_ms(lambda: x @ w.t()))
        del x, w
        a = torch.randint(-128, 128, (m, k), device=DEVICE, dtype=torch.int8)
        b = torch.randint(-8, 8, (n, k), device=DEVICE, dtype=torch.int8)
        show(f"int8.{k}.{n}", median_ms(lambda: torch._int_mm(a, b.t())))
        del a, b
        torch.cuda.empty_cache()


def attention(tokens, heads, dim):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    q, k, v = (torch.randn(1, heads, tokens, dim, device=DEVICE, dtype=torch.bfloat16) for _ in range(3))
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        show("flash", median_ms(lambda: F.scaled_dot_product_attention(q, k, v), seconds=3))


def block(tokens, width, heads, mlp):
    dim, text = width // heads, 512

    def matrix(k, n):
        return torch.randn(n, k, device=DEVICE, dtype=torch.bfloat16) / k**0.5

    own = [matrix(width, width) for _ in range(4)]
    cross = [matrix(width, width) for _ in range(4)]
    up, down = matrix(width, mlp), matrix(mlp, width)
    gain = torch.ones(width, device=DEVICE, dtype=torch.bfloat16)
    x = torch.randn(1, tokens, width, device=DEVICE, dtype=torch.bfloat16)
    context = torch.randn(1, text, width, device=DEVICE, dtype=torch.bfloat16)
    shift, scale, gate = (torch.randn(width, device=DEVICE, dtype=torch.bfloat16) * 0.1 for _ in range(3))
    cos = torch.randn(1, 1, tokens, dim // 2, device=DEVICE, dtype=torch.bfloat16)
    sin = torch.randn(1, 1, tokens, dim // 2, device=DEVICE, dtype=torch.bfloat16)

    def split(y):
        return y.view(1, -1, heads, dim).transpose(1, 2)

    def rope(y):
        a, b = y[..., ::2], y[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)

    def attend(q, k, v, out):
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(1, -1, width)
        return F.linear(y, out)

    def modulate(y):
        return F.layer_norm(y, (width,)) * (1 + scale) + shift

    @torch.no_grad()
    def run():
        h = modulate(x)
        q = rope(split(F.rms_norm(F.linear(h, own[0]), (width,), gain)))
        k = rope(split(F.rms_norm(F.linear(h, own[1]), (width,), gain)))
        y = x + gate * attend(q, k, split(F.linear(h, own[2])), own[3])
        h = F.layer_norm(y, (width,), gain)
        q = split(F.rms_norm(F.linear(h, cross[0]), (width,), gain))
        k = split(F.rms_norm(F.linear(context, cross[1]), (width,), gain))
        y = y + attend(q, k, split(F.linear(context, cross[2])), cross[3])
        return y + gate * F.linear(F.gelu(F.linear(modulate(y), up), approximate="tanh"), down)

    show("block", median_ms(run, seconds=4))
    show("peak", torch.cuda.max_memory_allocated())


def copy(size):
    a = torch.empty(size, device=DEVICE, dtype=torch.uint8)
    b = torch.empty_like(a)
    show("gbs", 2 * size / median_ms(lambda: b.copy_(a)) / 1e6)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("gemm", "attention", "block", "copy"):
        fail(__doc__)
    print(f"torch {torch.__version__} on {torch.cuda.get_device_name(0)}")
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
