import { type ApiPrompt, asApiLink, readApi, unwrapConstant } from './api';
import { emptyDocument, type InputPort, type Link, type NodeId, type OutputPort, type WorkflowDocument, type WorkflowNode } from './document';
import { isObject, type Json, type JsonObject, unknownKeys } from './json';
import { layOut } from './layout';
import { initialValues, type NodeCatalog, type NodeSpec } from './specs';
import type { ReadResult } from './uiRead';
import { specOf } from './virtual';

/** Property of a node that carries keys of the API form which the UI form has no place for. */
export const API_PROPERTY = 'api';

/** Makes a document of an API workflow. It has no positions, so the nodes are laid out in columns. */
export function readApiDocument(json: Json, catalog: NodeCatalog): ReadResult {
  const prompt = readApi(json);
  const warnings: string[] = [];
  const nodes = new Map<NodeId, WorkflowNode>();
  for (const [id, node] of Object.entries(prompt)) {
    nodes.set(id, nodeOf(id, node, prompt, catalog));
  }
  const links = new Map<number, Link>();
  for (const [id, node] of Object.entries(prompt)) {
    for (const [name, value] of Object.entries(node.inputs)) {
      const end = asApiLink(value);
      const output = end && nodes.get(end.source)?.outputs[end.slot];
      if (end && !output) {
        warnings.push(`Input ${name} of node ${id} was left open: node ${end.source} has no output ${end.slot}.`);
      } else if (end && output) {
        const link = { id: links.size + 1, source: end.source, sourceSlot: end.slot, target: id, targetInput: name, type: output.type, rest: {} };
        links.set(link.id, link);
      }
    }
  }
  const numbers = [...nodes.keys()].filter((id) => /^\d+$/.test(id)).map(Number);
  const document: WorkflowDocument = {
    ...emptyDocument(),
    nodes,
    links,
    lastNodeId: Math.max(0, ...numbers),
    lastLinkId: links.size,
  };
  return { document: layOut(document, catalog), warnings };
}

function nodeOf(id: NodeId, node: ApiPrompt[string], prompt: ApiPrompt, catalog: NodeCatalog): WorkflowNode {
  const spec = specOf(catalog, node.class_type);
  const meta = isObject(node['_meta']) ? node['_meta'] : {};
  const title = meta['title'];
  const constants = Object.entries(node.inputs).filter(([, value]) => !asApiLink(value));
  const values: JsonObject = Object.fromEntries(constants.map(([name, value]) => [name, unwrapConstant(value)]));
  const otherKeys = unknownKeys(node, ['class_type', 'inputs', '_meta']);
  const otherMeta = unknownKeys(meta, ['title']);
  const kept: JsonObject = { ...otherKeys, ...(Object.keys(otherMeta).length > 0 && { _meta: otherMeta }) };
  return {
    id,
    type: node.class_type,
    ...(typeof title === 'string' && title !== '' && title !== spec?.title && { title }),
    position: { x: 0, y: 0 },
    mode: 'always',
    collapsed: false,
    inputs: inputsOf(node.inputs, spec),
    outputs: spec ? spec.outputs.map((output) => ({ name: output.name, type: output.type, rest: {} })) : guessedOutputs(id, prompt),
    values: { ...(spec && fixedSeeds(spec)), ...values },
    rest: Object.keys(kept).length > 0 ? { properties: { [API_PROPERTY]: kept } } : {},
  };
}

/** The API form does not say what happens to a seed after a run; keeping it is what reproduces the result. */
function fixedSeeds(spec: NodeSpec): JsonObject {
  const controls = spec.widgets.filter((widget) => widget.spec.kind === 'control').map((widget) => [widget.name, 'fixed']);
  return { ...initialValues(spec), ...(Object.fromEntries(controls) as JsonObject) };
}

function inputsOf(inputs: JsonObject, spec: NodeSpec | undefined): InputPort[] {
  const known = (spec?.inputs ?? []).map((input) => ({ name: input.name, type: input.type, widget: input.widget !== undefined, rest: {} }));
  const others = Object.keys(inputs).filter((name) => !known.some((input) => input.name === name));
  return [...known, ...others.map((name) => ({ name, type: '*', widget: asApiLink(inputs[name]) === undefined, rest: {} }))];
}

/** A node nobody knows has at least the outputs that others take from it. */
function guessedOutputs(id: NodeId, prompt: ApiPrompt): OutputPort[] {
  const slots = Object.values(prompt).flatMap((node) =>
    Object.values(node.inputs)
      .map((value) => asApiLink(value))
      .filter((link) => link?.source === id)
      .map((link) => link?.slot ?? -1),
  );
  const count = Math.min(64, Math.max(-1, ...slots) + 1);
  return Array.from({ length: count }, (_, slot) => ({ name: `output ${slot}`, type: '*', rest: {} }));
}
