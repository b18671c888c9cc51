import type { Group, InputPort, Link, NodeId, NodeMode, OutputPort, Position, Size, WorkflowDocument, WorkflowNode } from './document';
import { FormatError, isArray, isObject, type Json, type JsonObject, numberOr, stringOr, unknownKeys } from './json';
import { ANY } from './linkTypes';
import type { NodeCatalog, NodeSpec } from './specs';
import { readValues } from './values';
import { specOf } from './virtual';

export const NODE_KEYS = [
  'id', 'type', 'pos', 'size', 'mode', 'title', 'inputs', 'outputs', 'widgets_values', 'widgets_values_named',
];
export const DOCUMENT_KEYS = ['nodes', 'links', 'groups', 'last_node_id', 'last_link_id', 'version'];
export const LINK_KEYS = ['id', 'origin_id', 'origin_slot', 'target_id', 'target_slot', 'type'];
export const GROUP_KEYS = ['title', 'bounding', 'color'];

/** A document and what had to be left out of it to make it consistent. */
export type ReadResult = { readonly document: WorkflowDocument; readonly warnings: readonly string[] };

/** Is this JSON a workflow as the canvas saves it (either schema)? */
export function isUiWorkflow(json: Json): json is JsonObject {
  return isObject(json) && isArray(json['nodes']) && (isArray(json['links']) || json['links'] === undefined);
}

/**
 * Reads a UI workflow, schema 1 when `version` is 1 and 0.4 otherwise.
 *
 * Keys that mean nothing to us stay in the `rest` of the object they were found in. Nodes whose type is not in the
 * catalog are kept with their ports and stored values, so that the file opens and saves unharmed.
 */
export function readUi(json: Json, catalog: NodeCatalog): ReadResult {
  if (!isUiWorkflow(json)) {
    throw new FormatError('A UI workflow needs a "nodes" array and a "links" array.');
  }
  const warnings: string[] = [];
  const stored = (json['nodes'] as readonly Json[]).filter(isObject);
  const nodes = new Map<NodeId, WorkflowNode>();
  for (const raw of stored) {
    const node = readNode(raw, catalog);
    nodes.set(node.id, node);
  }
  const slots = new Map(stored.map((raw) => [nodeId(raw['id']), inputNames(raw['inputs'])]));
  const links = new Map<number, Link>();
  for (const raw of isArray(json['links']) ? json['links'] : []) {
    const link = readLink(raw, slots, nodes);
    if (typeof link === 'string') {
      warnings.push(link);
    } else if (link) {
      links.set(link.id, link);
    }
  }
  const state = isObject(json['state']) ? json['state'] : {};
  const lastNodeId = Math.max(0, numberOr(json['last_node_id'], 0), numberOr(state['lastNodeId'], 0), ...numericIds(nodes.keys()));
  const lastLinkId = Math.max(0, numberOr(json['last_link_id'], 0), numberOr(state['lastLinkId'], 0), ...links.keys());
  const document: WorkflowDocument = {
    schema: json['version'] === 1 ? 1 : 0.4,
    nodes,
    links,
    groups: (isArray(json['groups']) ? json['groups'] : []).filter(isObject).map(readGroup),
    lastNodeId,
    lastLinkId,
    rest: unknownKeys(json, DOCUMENT_KEYS),
  };
  return { document, warnings };
}

function* numericIds(ids: Iterable<NodeId>): Iterable<number> {
  for (const id of ids) {
    if (/^\d+$/.test(id)) {
      yield Number(id);
    }
  }
}

function nodeId(value: Json | undefined): NodeId {
  return typeof value === 'number' ? String(value) : stringOr(value, '');
}

function inputNames(inputs: Json | undefined): string[] {
  return (isArray(inputs) ? inputs : []).map((input) => (isObject(input) ? stringOr(input['name'], '') : ''));
}

function readNode(raw: JsonObject, catalog: NodeCatalog): WorkflowNode {
  const type = stringOr(raw['type'], '');
  const spec = specOf(catalog, type);
  const flags = isObject(raw['flags']) ? raw['flags'] : {};
  const size = readSize(raw['size']);
  const stored = raw['widgets_values'];
  return {
    id: nodeId(raw['id']),
    type,
    ...(typeof raw['title'] === 'string' && { title: raw['title'] }),
    position: readPosition(raw['pos']),
    ...(size && { size }),
    mode: readMode(raw['mode']),
    collapsed: flags['collapsed'] === true,
    inputs: readInputs(raw['inputs'], spec),
    outputs: readOutputs(raw['outputs'], spec),
    values: readValues(type, stored, raw['widgets_values_named'], spec),
    ...(stored !== undefined && { storedValues: stored }),
    rest: unknownKeys(raw, NODE_KEYS),
  };
}

function readMode(mode: Json | undefined): NodeMode {
  return mode === 2 ? 'never' : mode === 4 ? 'bypass' : 'always';
}

function pair(value: Json | undefined): [number, number] | undefined {
  const [x, y] = isArray(value) ? value : isObject(value) ? [value['0'], value['1']] : [];
  return typeof x === 'number' && typeof y === 'number' ? [x, y] : undefined;
}

function readPosition(value: Json | undefined): Position {
  const [x, y] = pair(value) ?? [0, 0];
  return { x, y };
}

function readSize(value: Json | undefined): Size | undefined {
  const size = pair(value);
  return size && { width: size[0], height: size[1] };
}

function readInputs(value: Json | undefined, spec: NodeSpec | undefined): InputPort[] {
  const stored = (isArray(value) ? value : []).filter(isObject).map((raw) => ({
    name: stringOr(raw['name'], ''),
    type: stringOr(raw['type'], '*'),
    widget: isObject(raw['widget']),
    rest: unknownKeys(raw, ['name', 'type', 'link', 'widget']),
  }));
  if (!spec) {
    return stored;
  }
  const known = spec.inputs.map((input) => ({
    name: input.name,
    type: input.type,
    widget: input.widget !== undefined,
    rest: stored.find((port) => port.name === input.name)?.rest ?? {},
  }));
  return [...known, ...stored.filter((port) => !spec.inputs.some((input) => input.name === port.name))];
}

function readOutputs(value: Json | undefined, spec: NodeSpec | undefined): OutputPort[] {
  const stored = (isArray(value) ? value : []).filter(isObject).map((raw) => ({
    name: stringOr(raw['name'], ''),
    type: stringOr(raw['type'], '*'),
    rest: unknownKeys(raw, ['name', 'type', 'links']),
  }));
  if (!spec) {
    return stored;
  }
  const known = spec.outputs.map((output, slot) => ({
    name: output.name,
    type: output.type === ANY ? (stored[slot]?.type ?? ANY) : output.type,
    rest: stored[slot]?.rest ?? {},
  }));
  return [...known, ...stored.slice(known.length)];
}

function readLink(
  raw: Json,
  slots: ReadonlyMap<NodeId, readonly string[]>,
  nodes: ReadonlyMap<NodeId, WorkflowNode>,
): Link | string | undefined {
  const fields = isArray(raw) ? raw : isObject(raw) ? LINK_KEYS.map((key) => raw[key]) : undefined;
  if (!fields || typeof fields[0] !== 'number') {
    return undefined;
  }
  const [id, source, sourceSlot, target, targetSlot, type] = fields;
  const targetInput = slots.get(nodeId(target))?.[numberOr(targetSlot, -1)];
  const sourceNode = nodes.get(nodeId(source));
  const slot = numberOr(sourceSlot, -1);
  if (!sourceNode?.outputs[slot]) {
    return `Link ${String(id)} was left out: node ${nodeId(source)} has no output ${slot}.`;
  }
  if (targetInput === undefined) {
    return `Link ${String(id)} was left out: node ${nodeId(target)} has no input ${numberOr(targetSlot, -1)}.`;
  }
  return {
    id: fields[0],
    source: sourceNode.id,
    sourceSlot: slot,
    target: nodeId(target),
    targetInput,
    type: stringOr(type, sourceNode.outputs[slot].type),
    rest: isObject(raw) ? unknownKeys(raw, LINK_KEYS) : {},
  };
}

function readGroup(raw: JsonObject, index: number): Group {
  const box = isArray(raw['bounding']) ? raw['bounding'] : [];
  const at = (slot: number, fallback: number) => numberOr(box[slot], fallback);
  return {
    key: `group-${index + 1}`,
    title: stringOr(raw['title'], 'Group'),
    position: { x: at(0, 0), y: at(1, 0) },
    size: { width: at(2, 300), height: at(3, 200) },
    ...(typeof raw['color'] === 'string' && { color: raw['color'] }),
    rest: unknownKeys(raw, GROUP_KEYS),
  };
}
