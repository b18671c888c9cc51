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
    """Collects nodes and links; `add` returns a function that names an output slot. `titled` is the title of the node."""

    def __init__(self, name):
        self.name, self.nodes, self.links, self.groups = name, [], [], []

    def add(self, kind, column, row, titled=None, **values):
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
        } | ({"title": titled} if titled else {}))
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
    positive = graph.add("EncodePrompt", 1, 420, titled="Prompt", clip=clip(), text=PROMPT)
    negative = graph.add("EncodePrompt", 1, 640, titled="Negative prompt", clip=clip(), text="")
    latent = graph.add("EmptyVideoLatent", 1, 860, width=64, height=64, frames=13)
    return model, vae, positive, negative, latent


def quantized(graph, model, bits, row=0, weights="BGRQuantize"):
    """The two nodes of DVD-Quant: BGR weights, ARQ activations."""
    weight = graph.add(weights, 1, row, model=model(), bits=4)
    return graph.add("ARQActivation", 2, row, model=weight(), mode="auto", bits=str(bits))


def sampled(graph, parts, row=0, column=3, model=None, titled=None, **more):
    source, vae, positive, negative, latent = parts
    return graph.add(
        "SampleVideo", column, row, titled=titled, model=(model or source)(), positive=positive(), negative=negative(),
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
    alternating = graph.add("FixedBitSchedule", 2, 320, titled="Pilot bits", rule="ABS: alternating")
    pilot = sampled(
        graph, parts, row=640, column=2, titled="Pilot: the curve that δ is tuned on", model=model,
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


def calibrated_caches():
    """One observed run calibrates TeaCache and MagCache; they, EasyCache and FBCache sample the same video."""
    graph = Graph("compare-demo-step-caches")
    parts = base(graph)
    observed = sampled(
        graph, parts, titled="Full precision, observed", stepCache=graph.add("ObserveSignals", 2, 0)())
    reference = saved(graph, parts[1], observed, "video/full-precision")
    caches = (
        ("teacache", graph.add("FitTeaCache", 4, 900, trace=observed("trace"), degree=2, threshold=0.6)("cache")),
        ("magcache", graph.add("CalibrateMagCache", 4, 2100, trace=observed("trace"), threshold=0.3)("cache")),
        ("easycache", graph.add("EasyCache", 4, 3300, threshold=0.3)("cache")),
        ("fbcache", graph.add("FBCache", 4, 4500, threshold=0.2)("cache")))
    for row, (name, cache) in enumerate(caches):
        top = 900 + 1200 * row
        sample = sampled(graph, parts, row=top, column=5, titled=f"Sample: {name}", stepCache=cache)
        graph.add("BitTimeline", 6, top + 340, trace=sample("trace"), filenamePrefix=f"report/{name}")
        images = graph.add("DecodeVAE", 6, top, samples=sample("latent"), vae=parts[1]())
        graph.add(
            "CompareVideos", 7, top, reference=reference(), candidate=images(), referenceLabel="full precision",
            candidateLabel=name, filenamePrefix=f"compare/{name}")
    graph.write()


def comparison():
    graph = Graph("compare-demo-full-precision-w4a4")
    parts = base(graph)
    model = quantized(graph, parts[0], 4)
    full = saved(graph, parts[1], sampled(graph, parts, titled="Sample: full precision"), "video/full-precision")
    quant = saved(
        graph, parts[1], sampled(graph, parts, row=860, model=model, titled="Sample: DVD-Quant W4A4"),
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


def trained():
    """W3A6 with Q-VDiT's estimate of its error, trained, beside the same quantization without."""
    graph = Graph("compare-demo-w3a6-qvdit-training")
    parts = base(graph)
    weight = graph.add("BGRQuantize", 1, 0, model=parts[0](), bits=3)
    model = graph.add("ARQActivation", 2, 0, model=weight(), mode="auto", bits="6")
    training = graph.add(
        "TrainErrorEstimate", 3, 0, model=model(), positive=parts[3](), negative=parts[3](), latent=parts[4](),
        trajectories=4, cfg=CFG, trainingSteps=60, blocks=4, filenamePrefix="training/demo-w3a6")
    methods = graph.add("AddMethod", 4, 0, model=model(), name="DVD-Quant W3A6")
    methods = graph.add("AddMethod", 4, 300, model=training("model"), name="DVD-Quant W3A6, Q-VDiT trained", methods=methods())
    graph.add(
        "ErrorCurves", 5, 0, methods=methods(), positive=parts[2](), negative=parts[3](), latent=parts[4](), seed=SEED,
        steps=STEPS, cfg=CFG, shift=SHIFT, filenamePrefix="report/demo-w3a6-qvdit")
    saved(graph, parts[1], sampled(graph, parts, row=900, column=4, model=training), "video/w3a6-qvdit", row=900, column=5)
    graph.write()


SWEEP_AXES = """# Weights and activations together, then on and off: every row is varied against every other.
BGR Quantize.bits = 2, 3, 4, 6, 8
ARQ Activation.bits = 4, 8"""


def sweep():
    graph = Graph("sweep-demo")
    model, vae, positive, negative, latent = base(graph)
    quant = quantized(graph, model, 8)
    graph.add(
        "Sweep", 3, 0, model=quant(), axes=SWEEP_AXES, positive=positive(), negative=negative(), latent=latent(), vae=vae(),
        seed=SEED, steps=STEPS, cfg=CFG, shift=SHIFT, filenamePrefix="sweep/demo")
    graph.write()


ALLOCATION_AXES = """# Where noise is measured, and how many bits a weight has on the mean.
Bits by Sensitivity.measure = output of the layer, output of the model
Bits by Sensitivity.meanBits = 4, 4.5, 5, 6"""


def bits_by_sensitivity():
    graph = Graph("bits-by-sensitivity-demo")
    model, vae, positive, negative, latent = base(graph)
    mixed = graph.add(
        "AllocateBits", 3, 0, model=quantized(graph, model, 8)(), positive=positive(), latent=latent(), byRole=False,
        filenamePrefix="report/bits-demo")
    graph.add(
        "Sweep", 4, 0, model=mixed(), axes=ALLOCATION_AXES, positive=positive(), negative=negative(), latent=latent(), vae=vae(),
        seed=SEED, steps=STEPS, cfg=CFG, shift=SHIFT, filenamePrefix="sweep/bits-demo")
    graph.write()


UNIT_PROMPTS = """a small blue circle moving left on a gray background
a large yellow triangle moving down on a black background
a small green ring moving up on a white background"""
UNITS = (("layer, one prompt", "layer", "", 1),) + tuple(
    (unit, unit, UNIT_PROMPTS, 2) for unit in ("layer", "role in a block", "block", "role"))


def bits_by_unit():
    """The same mean bits, given to layers, roles in a block, blocks and roles, on a card of other prompts."""
    graph = Graph("bits-by-unit-demo")
    model, clip, vae, positive, negative, latent = compact(graph)
    quant = quantized(graph, model, 8)
    methods = graph.add("AddMethod", 4, 0, model=quant(), name="4 bits")
    for row, (name, unit, prompts, noises) in enumerate(UNITS, 1):
        mixed = graph.add(
            "AllocateBits", 3, 620 * (row - 1), titled=f"Bits by {name}", model=quant(), positive=positive(), latent=latent(), clip=clip(),
            byRole=False, measure="output of the model", unit=unit, prompts=prompts, noises=noises,
            filenamePrefix=f"report/bits-{unit.replace(' ', '-')}-{noises}")
        methods = graph.add("AddMethod", 4, 300 * row, model=mixed(), name=f"by {name}", methods=methods())
    graph.add(
        "ReportCard", 5, 0, methods=methods(), clip=clip(), prompts=CARD_PROMPTS, latent=latent(), vae=vae(), seeds=2,
        seed=SEED, steps=STEPS, cfg=CFG, shift=SHIFT, title="Demo model: 5 bits by layer, block and role",
        filenamePrefix="report/bits-by-unit-demo")
    graph.write()


CARD_PROMPTS = """a large red circle moving left on a navy background
a small yellow square moving right on a black background
a large green triangle moving up on a white background
a large blue ring moving down on a gray background
a small orange circle moving up on a navy background"""


def report_card():
    graph = Graph("report-card-demo")
    graph.group("Model", 0, 0, 1, 620)
    model = graph.add("LoadDiT", 0, 0, file=DIT)
    clip = graph.add("LoadTextEncoder", 0, 180, file=TEXT)
    vae = graph.add("LoadVAE", 0, 380, file=VAE)
    latent = graph.add("EmptyVideoLatent", 0, 660, width=64, height=64, frames=13)
    minmax = graph.add("MinMaxQuantize", 1, 0, model=model(), bits=4, activationBits="4")
    methods = graph.add("AddMethod", 3, 0, model=minmax(), name="MinMax W4A4")
    weights = graph.add("BGRQuantize", 1, 340, model=model(), bits=4)
    for row, bits in ((340, 4), (700, 8)):
        model = graph.add("ARQActivation", 2, row, model=weights(), mode="auto", bits=str(bits))
        methods = graph.add("AddMethod", 3, row, model=model(), name=f"DVD-Quant W4A{bits}", methods=methods())
    graph.add(
        "ReportCard", 4, 0, methods=methods(), clip=clip(), prompts=CARD_PROMPTS, latent=latent(), vae=vae(), seeds=2,
        seed=SEED, steps=STEPS, cfg=CFG, shift=SHIFT, title="Demo model: MinMax and DVD-Quant", filenamePrefix="report/card-demo")
    positive = graph.add("EncodePrompt", 5, 0, titled="Prompt", clip=clip(), text=PROMPT)
    graph.add(
        "ActivationHeatMap", 6, 0, model=weights(), positive=positive(), latent=latent(), steps=STEPS, shift=SHIFT,
        filenamePrefix="report/card-demo-activations")
    graph.write()


def self_calibrated():
    """Statistics that the model makes out of noise, GPTQ with them, a 16-bit branch; saved as a file of its own."""
    graph = Graph("t2v-demo-w4a8-self-calibrated")
    model, vae, positive, negative, latent = parts = base(graph)
    clip = (2, 0)
    known = graph.add(
        "SelfCalibration", 1, 0, model=model(), clip=clip, latent=latent(), trajectories=2, steps=8, cfg=CFG)
    quant = graph.add("SelfCalibratedQuantize", 2, 0, model=known(), weightBits=4, activationBits=8, rank=16)
    saved(graph, vae, sampled(graph, parts, model=quant), "video/w4a8-self-calibrated")
    graph.add(
        "QuantizationReport", 4, 300, model=quant(), positive=positive(), latent=latent(),
        filenamePrefix="report/w4a8-self-calibrated")
    graph.add(
        "SaveQuantized", 3, 860, model=quant(), filenamePrefix="diffusion_models/demo-self-calibrated",
        recipeName="self-calibrated")
    graph.write()


METHODS = (("MinMax W4A4", "MinMaxQuantize", 4), ("DVD-Quant W4A4", "BGRQuantize", 4), ("DVD-Quant W4A8", "BGRQuantize", 8))


def methods_of(graph, model, row=0):
    """Three plans of the same weights: the baseline, and DVD-Quant at both activation bits."""
    for index, (name, kind, bits) in enumerate(METHODS):
        top = row + 360 * index
        if kind == "MinMaxQuantize":
            yield name, top, graph.add(kind, 1, top, model=model(), bits=4, activationBits=str(bits))
        else:
            weights = graph.add(kind, 1, top, model=model(), bits=4)
            yield name, top, graph.add("ARQActivation", 2, top, model=weights(), mode="auto", bits=str(bits))


def error_curves():
    graph = Graph("error-curves-demo")
    model, clip, vae, positive, negative, latent = compact(graph)
    methods = None
    for name, top, quant in methods_of(graph, model):
        methods = graph.add("AddMethod", 3, top, model=quant(), name=name, **({"methods": methods()} if methods else {}))
    graph.add(
        "ErrorCurves", 4, 0, methods=methods(), positive=positive(), negative=negative(), latent=latent(), seed=SEED,
        steps=STEPS, cfg=CFG, shift=SHIFT, filenamePrefix="report/error-curves-demo")
    graph.add(
        "ActivationHeatMap", 5, 0, model=model(), positive=positive(), latent=latent(), steps=STEPS, shift=SHIFT,
        seed=SEED, filenamePrefix="report/error-curves-demo-activations")
    graph.write()


def compact(graph):
    """Loaders and prompts in the first column."""
    model = graph.add("LoadDiT", 0, 0, file=DIT)
    clip = graph.add("LoadTextEncoder", 0, 180, file=TEXT)
    vae = graph.add("LoadVAE", 0, 380, file=VAE)
    positive = graph.add("EncodePrompt", 0, 560, titled="Prompt", clip=clip(), text=PROMPT)
    negative = graph.add("EncodePrompt", 0, 780, titled="Negative prompt", clip=clip(), text="")
    return model, clip, vae, positive, negative, graph.add("EmptyVideoLatent", 0, 1000, width=64, height=64, frames=13)


def comparison_sheet():
    graph = Graph("comparison-sheet-demo")
    model, clip, vae, positive, negative, latent = compact(graph)
    plans = [("full precision", 0, model), *methods_of(graph, model, 640)]
    clips = {}
    for index, (name, _, plan) in enumerate(plans):
        sample = sampled(
            graph, (model, vae, positive, negative, latent), row=640 * index, column=3, model=plan, titled=f"Sample: {name}")
        clips[f"clip{index + 1}"] = graph.add("DecodeVAE", 4, 640 * index, samples=sample("latent"), vae=vae())()
    sheet = graph.add("ComparisonSheet", 5, 0, labels="\n".join(name for name, *_ in plans), columns=2, **clips)
    graph.add(
        "SaveVideo", 6, 0, images=sheet("sheet"), filenamePrefix="compare/sheet-demo", format="mp4 (H.264)", fps=FPS)
    graph.write()


# The negative prompt that Wan's authors ship (`shared_config.py`).
WAN_NEGATIVE = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，"
    "多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走")
SCENE = "A red fox walks through fresh snow in a birch forest, soft morning light, the camera follows it slowly"
UMT5 = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
# Sampling as the authors recommend it; where a model has its own sampler, auto takes it.
WAN = {"sampler": "auto", "sigmas": "auto", "seed": SEED}


def low_bit(graph, file, row=0, bits=8):
    """A model with BGR weights of 4 bits and ARQ activations."""
    return quantized(graph, graph.add("LoadDiT", 0, row, file=file), bits, row=row)


def prompts(graph, clip, negative):
    positive = graph.add("EncodePrompt", 1, 420, titled="Prompt", clip=clip(), text=SCENE)
    return positive, graph.add("EncodePrompt", 1, 640, titled="Negative prompt", clip=clip(), text=negative)


def text_to_video(name, file, size, vae, fps, **settings):
    graph = Graph(name)
    model = low_bit(graph, file)
    positive, negative = prompts(graph, graph.add("LoadTextEncoder", 0, 180, file=UMT5, type="wan"), WAN_NEGATIVE)
    latent = graph.add("EmptyVideoLatent", 2, 420, width=size[0], height=size[1], frames=size[2], model=model())
    sample = graph.add(
        "SampleVideo", 3, 0, model=model(), positive=positive(), negative=negative(), latent=latent(), **WAN, **settings)
    finished(graph, sample, graph.add("LoadVAE", 0, 420, file=vae), name, fps)


def finished(graph, sample, vae, name, fps):
    images = graph.add("DecodeVAE", 4, 0, samples=sample("latent"), vae=vae())
    graph.add("SaveVideo", 5, 0, images=images(), filenamePrefix=f"video/{name}", format="mp4 (H.264)", fps=fps)
    graph.write()


def image_to_video(name, file, size, low=None, vision=None, vae_file="wan_2.1_vae.safetensors", fps=16.0, **settings):
    graph = Graph(name)
    model = low_bit(graph, file)
    positive, negative = prompts(graph, graph.add("LoadTextEncoder", 0, 180, file=UMT5, type="wan"), WAN_NEGATIVE)
    vae = graph.add("LoadVAE", 0, 420, file=vae_file)
    image = graph.add("LoadImage", 0, 560, image="start.png")
    more = {}
    if vision:
        seen = graph.add(
            "CLIPVisionEncode", 1, 1060, clipVision=graph.add("LoadCLIPVision", 0, 900, file=vision)(), image=image(),
            crop="none")
        more["clipVisionOutput"] = seen()
    start = graph.add(
        "ImageToVideo", 2, 420, model=model(), positive=positive(), negative=negative(), vae=vae(), startImage=image(),
        width=size[0], height=size[1], frames=size[2], **more)
    sample = graph.add(
        "SampleVideo", 3, 0, model=model(), positive=start("positive"), negative=start("negative"),
        latent=start("latent"), **({"lowNoise": low(graph)()} if low else {}), **WAN, **settings)
    finished(graph, sample, vae, name, fps)


def low_noise(file, boundary, cfg):
    return lambda graph: graph.add(
        "LowNoiseExpert", 2, 1300, model=low_bit(graph, file, row=1300)(), boundary=boundary, cfg=cfg)


def wan22_a14b_text():
    name = "t2v-wan2.2-a14b-w4a8"
    graph = Graph(name)
    model = low_bit(graph, "wan2.2_t2v_high_noise_14B_fp16.safetensors")
    positive, negative = prompts(graph, graph.add("LoadTextEncoder", 0, 180, file=UMT5, type="wan"), WAN_NEGATIVE)
    latent = graph.add("EmptyVideoLatent", 2, 420, width=832, height=480, frames=81, model=model())
    low = low_noise("wan2.2_t2v_low_noise_14B_fp16.safetensors", 0.875, 3.0)(graph)
    sample = graph.add(
        "SampleVideo", 3, 0, model=model(), positive=positive(), negative=negative(), latent=latent(), lowNoise=low(),
        steps=40, cfg=4.0, shift=12.0, **WAN)
    finished(graph, sample, graph.add("LoadVAE", 0, 420, file="wan_2.1_vae.safetensors"), name, 16.0)


def hunyuan_video():
    name = "t2v-hunyuanvideo-w4a8"
    graph = Graph(name)
    model = low_bit(graph, "hunyuan_video_t2v_720p_bf16.safetensors")
    clip = graph.add(
        "LoadDualTextEncoder", 0, 180, file1="llava_llama3_fp8_scaled.safetensors", file2="clip_l.safetensors",
        type="hunyuan_video")
    positive = graph.add("EncodePrompt", 1, 420, titled="Prompt", clip=clip(), text=SCENE)
    guided = graph.add("EmbeddedGuidance", 2, 420, conditioning=positive(), guidance=6.0)
    latent = graph.add("EmptyVideoLatent", 2, 640, width=1280, height=720, frames=129, model=model())
    sample = graph.add(
        "SampleVideo", 3, 0, model=model(), positive=guided(), latent=latent(), steps=50, cfg=1.0, shift=7.0,
        sampler="euler", sigmas="linear", seed=SEED)
    finished(graph, sample, graph.add("LoadVAE", 0, 420, file="hunyuan_video_vae_bf16.safetensors"), name, 24.0)


def released_models():
    """Workflows for the files that people have, named as in ComfyUI's model folders."""
    text_to_video(
        "t2v-wan2.1-1.3b-w4a8", "wan2.1_t2v_1.3B_bf16.safetensors", (832, 480, 81), "wan_2.1_vae.safetensors", 16.0,
        steps=50, cfg=6.0, shift=8.0)
    text_to_video(
        "t2v-wan2.1-14b-w4a8", "wan2.1_t2v_14B_bf16.safetensors", (832, 480, 81), "wan_2.1_vae.safetensors", 16.0,
        steps=50, cfg=5.0, shift=5.0)
    image_to_video(
        "i2v-wan2.1-14b-w4a8", "wan2.1_i2v_480p_14B_bf16.safetensors", (832, 480, 81), vision="clip_vision_h.safetensors",
        steps=40, cfg=5.0, shift=3.0)
    wan22_a14b_text()
    image_to_video(
        "i2v-wan2.2-a14b-w4a8", "wan2.2_i2v_high_noise_14B_fp16.safetensors", (832, 480, 81),
        low=low_noise("wan2.2_i2v_low_noise_14B_fp16.safetensors", 0.9, 3.5), steps=40, cfg=3.5, shift=5.0)
    text_to_video(
        "t2v-wan2.2-5b-w4a8", "wan2.2_ti2v_5B_fp16.safetensors", (1280, 704, 121), "wan2.2_vae.safetensors", 24.0,
        steps=50, cfg=5.0, shift=5.0)
    image_to_video(
        "i2v-wan2.2-5b-w4a8", "wan2.2_ti2v_5B_fp16.safetensors", (1280, 704, 121), vae_file="wan2.2_vae.safetensors",
        fps=24.0, steps=50, cfg=5.0, shift=5.0)
    hunyuan_video()


if __name__ == "__main__":
    full_precision()
    w4a4_minmax()
    dvd_quant(8)
    dvd_quant(4)
    delta_gbs(False)
    delta_gbs(True)
    comparison()
    calibrated_caches()
    trained()
    sweep()
    bits_by_sensitivity()
    bits_by_unit()
    report_card()
    self_calibrated()
    error_curves()
    comparison_sheet()
    released_models()
