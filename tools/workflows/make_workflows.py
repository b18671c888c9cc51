"""Writes the example workflows from short descriptions, so that all of them follow the nodes' real ports.

Usage: python tools/workflows/make_workflows.py
Reads node-server/src/test/resources/golden/object_info.json (written by a Java test) and writes workflows/*.json in the canvas
format 0.4 with named widget values beside the positional ones. Needs nothing but Python 3.
"""

import json
import pathlib
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFO = json.loads((ROOT / "node-server/src/test/resources/golden/object_info.json").read_text(encoding="utf-8"))
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
