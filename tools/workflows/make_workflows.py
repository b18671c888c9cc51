"""Writes the example workflows from short descriptions, so that all of them follow the nodes' real ports.

Usage: python tools/workflows/make_workflows.py [OBJECT_INFO.json]
Reads node-server/src/test/resources/golden/object_info.json (written by a Java test) and writes workflows/*.json in the canvas
format 0.4 with named widget values beside the positional ones. Needs nothing but Python 3.
"""

import json
import pathlib
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFO = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "node-server/src/test/resources/golden/object_info.json").read_text(encoding="utf-8"))
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


class Graph:
    """Collects nodes and links; `add` returns a function that names an output slot."""

    def __init__(self, name):
        self.name, self.nodes, self.links, self.groups = name, [], [], []

    def add(self, kind, column, row, title=None, **values):
        info = INFO[kind]
        node_id = len(self.nodes) + 1
        specs = {**info["input"].get("required", {}), **info["input"].get("optional", {})}
        order = info["input_order"]["required"] + info["input_order"].get("optional", [])
        unknown = set(values) - set(order)
        if unknown:
            raise SystemExit(f"{self.name}: {kind} has no input {sorted(unknown)}; it has {order}")
        inputs, widgets, named = [], [], {}
        for name in order:
            spec = specs[name]
            kind_of, options = spec[0], (spec[1] if len(spec) > 1 else {})
            widget = isinstance(kind_of, list) or kind_of in WIDGETS
            value = values.get(name)
            if isinstance(value, tuple):
                link = len(self.links) + 1
                origin, slot = value
                self.links.append([link, origin, slot, node_id, len(inputs), "*" if isinstance(kind_of, list) else kind_of])
                inputs.append({"name": name, "type": kind_of, "link": link} | ({"widget": {"name": name}} if widget else {}))
            elif not widget:
                inputs.append({"name": name, "type": kind_of, "link": None})
            if widget:
                constant = options.get("default") if value is None or isinstance(value, tuple) else value
                widgets.append(constant)
                named[name] = constant
                if options.get("control_after_generate"):
                    widgets.append("fixed")
        outputs = [
            {"name": label, "type": kind_of, "links": [], "slot_index": slot}
            for slot, (label, kind_of) in enumerate(zip(info["output_name"], info["output"]))
        ]
        height = 60 + 26 * max(len(inputs), len(outputs)) + 30 * len(widgets)
        self.nodes.append({
            "id": node_id, "type": kind, "pos": [60 + 380 * column, 60 + row], "size": [320, height],
            "flags": {}, "order": node_id - 1, "mode": 0, "inputs": inputs, "outputs": outputs,
            "properties": {"Node name for S&R": kind}, "widgets_values": widgets, "widgets_values_named": named,
        } | ({"title": title} if title else {}))
        names = info["output_name"]

        def out(label=None):
            return node_id, (0 if label is None else names.index(label))

        return out

    def group(self, title, column, row, columns, height, color="#3f5159"):
        self.groups.append({
            "title": title, "bounding": [40 + 380 * column, 10 + row, 380 * columns - 20, height], "color": color, "font_size": 22})

    def write(self):
        for link, origin, slot, *_ in self.links:
            self.nodes[origin - 1]["outputs"][slot]["links"].append(link)
        document = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, "quantreel/" + self.name)), "revision": 0,
            "last_node_id": len(self.nodes), "last_link_id": len(self.links), "nodes": self.nodes, "links": self.links,
            "groups": self.groups, "config": {}, "extra": {}, "version": 0.4}
        path = ROOT / "workflows" / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT), len(self.nodes), "nodes")


PROMPT = "a large red circle moving right on a navy background"
DIT, TEXT, VAE = (f"quantreel_demo_{part}_bf16.safetensors" for part in ("dit", "umt5", "taehv"))
STEPS, CFG, SHIFT, FPS, SEED = 16, 4.0, 3.0, 8.0, 7


def base(graph):
    """Loaders, prompts and the empty latent, which every workflow shares."""
    graph.group("Model", 0, 0, 1, 620)
    graph.group("Prompt", 1, 420, 1, 730)
    model = graph.add("LoadDiT", 0, 0, file=DIT)
    clip = graph.add("LoadTextEncoder", 0, 180, file=TEXT)
    vae = graph.add("LoadVAE", 0, 380, file=VAE)
    positive = graph.add("EncodePrompt", 1, 420, title="Prompt", clip=clip(), text=PROMPT)
    negative = graph.add("EncodePrompt", 1, 640, title="Negative prompt", clip=clip(), text="")
    latent = graph.add("EmptyVideoLatent", 1, 860, width=64, height=64, frames=13)
    return model, vae, positive, negative, latent


def quantized(graph, model, bits, row=0, weights="BGRQuantize"):
    """The two nodes of DVD-Quant: BGR weights, ARQ activations."""
    weight = graph.add(weights, 1, row, model=model(), bits=4)
    return graph.add("ARQActivation", 2, row, model=weight(), mode="auto", bits=str(bits))


def sampled(graph, parts, row=0, column=3, model=None, title=None, **more):
    source, vae, positive, negative, latent = parts
    return graph.add(
        "SampleVideo", column, row, title=title, model=(model or source)(), positive=positive(), negative=negative(),
        latent=latent(), seed=SEED, steps=STEPS, cfg=CFG, shift=SHIFT, previewVae=vae(), **more)


def saved(graph, vae, sample, prefix, row=0, column=4):
    images = graph.add("DecodeVAE", column, row, samples=sample("latent"), vae=vae())
    graph.add("SaveVideo", column + 1, row, images=images(), filenamePrefix=prefix, format="mp4 (H.264)", fps=FPS)
    return images


def full_precision():
    graph = Graph("t2v-demo-full-precision")
    parts = base(graph)
    saved(graph, parts[1], sampled(graph, parts), "video/full-precision")
    graph.write()


def w4a4_minmax():
    graph = Graph("t2v-demo-w4a4-minmax")
    parts = base(graph)
    model = graph.add("MinMaxQuantize", 1, 0, model=parts[0](), bits=4, activationBits="4")
    saved(graph, parts[1], sampled(graph, parts, model=model), "video/w4a4-minmax")
    graph.write()


def dvd_quant(bits):
    graph = Graph(f"t2v-demo-w4a{bits}-dvd-quant")
    parts = base(graph)
    model = quantized(graph, parts[0], bits)
    saved(graph, parts[1], sampled(graph, parts, model=model), f"video/w4a{bits}-dvd-quant")
    graph.add(
        "QuantizationReport", 4, 300, model=model(), positive=parts[2](), latent=parts[4](),
        filenamePrefix=f"report/w4a{bits}-dvd-quant")
    graph.write()


def delta_gbs(cached):
    graph = Graph("t2v-demo-w4a6-delta-gbs" + ("-teacache" if cached else ""))
    parts = base(graph)
    model = quantized(graph, parts[0], 8)
    # Alternating bits, since steps of 4 bits change the output more: on an 8-bit pilot δ would come out too small.
    alternating = graph.add("FixedBitSchedule", 2, 320, title="Pilot bits", rule="ABS: alternating")
    pilot = sampled(
        graph, parts, row=640, column=2, title="Pilot: the curve that δ is tuned on", model=model,
        bitSchedule=alternating("schedule"))
    schedule = graph.add("DeltaGBSScheduler", 3, 640, trace=pilot("trace"), meanBits=6.0)
    more = {"bitSchedule": schedule("schedule")}
    if cached:
        more["stepCache"] = graph.add("TeaCache", 3, 960, profile="auto", threshold=0.3)()
    sample = sampled(graph, parts, model=model, **more)
    name = "w4a6-delta-gbs" + ("-teacache" if cached else "")
    saved(graph, parts[1], sample, f"video/{name}")
    graph.add("BitTimeline", 4, 300, trace=sample("trace"), filenamePrefix=f"report/{name}")
    graph.write()


def comparison():
    graph = Graph("compare-demo-full-precision-w4a4")
    parts = base(graph)
    model = quantized(graph, parts[0], 4)
    full = saved(graph, parts[1], sampled(graph, parts, title="Sample: full precision"), "video/full-precision")
    quant = saved(
        graph, parts[1], sampled(graph, parts, row=860, model=model, title="Sample: DVD-Quant W4A4"),
        "video/w4a4-dvd-quant", row=860)
    compared = graph.add(
        "CompareVideos", 6, 0, reference=full(), candidate=quant(), referenceLabel="full precision",
        candidateLabel="DVD-Quant W4A4", filenamePrefix="compare/full-precision-w4a4")
    for row, output in ((0, "sideBySide"), (700, "difference")):
        graph.add(
            "SaveVideo", 7, row, images=compared(output), filenamePrefix=f"compare/full-precision-w4a4-{output}",
            format="mp4 (H.264)", fps=FPS)
    graph.add(
        "QuantizationReport", 6, 1000, model=model(), positive=parts[2](), latent=parts[4](),
        filenamePrefix="report/w4a4-dvd-quant")
    graph.write()


if __name__ == "__main__":
    full_precision()
    w4a4_minmax()
    dvd_quant(8)
    dvd_quant(4)
    delta_gbs(False)
    delta_gbs(True)
    comparison()
