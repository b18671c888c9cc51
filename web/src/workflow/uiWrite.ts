import { type Group, type Link, type NodeId, type NodeMode, type WorkflowDocument, type WorkflowNode } from './document';
import { isObject, type Json, type JsonObject } from './json';
import type { NodeCatalog } from './specs';
import { writeValues } from './values';
import { specOf } from './virtual';

const MODES: Record<NodeMode, number> = { always: 0, never: 2, bypass: 4 };

/** Writes a document in the schema it was read in; what the reader put into `rest` comes back where it was. */
export function writeUi(document: WorkflowDocument, catalog: NodeCatalog): JsonObject {
  const order = topologicalOrder(document);
  const nodes = [...document.nodes.values()].map((node) => writeNode(node, order.get(node.id) ?? 0, document, catalog));
  const links = [...document.links.values()].map((link) => writeLink(link, document));
  const groups = document.groups.map(writeGroup);
  if (document.schema === 1) {
    const state = isObject(document.rest['state']) ? document.rest['state'] : {};
    return {
      ...document.rest,
      version: 1,
      state: { ...state, lastNodeId: document.lastNodeId, lastLinkId: document.lastLinkId },
      nodes,
      links,
      groups,
    };
  }
  return {
    ...document.rest,
    last_node_id: document.lastNodeId,
    last_link_id: document.lastLinkId,
    nodes,
    links: links.map((link) => [link['id'], link['origin_id'], link['origin_slot'], link['target_id'], link['target_slot'], link['type']] as Json[]),
    groups,
    config: document.rest['config'] ?? {},
    extra: document.rest['extra'] ?? {},
    version: 0.4,
  };
}

/** Ids are numbers in UI files wherever they can be. */
export function writeId(id: NodeId): Json {
  return String(Number(id)) === id ? Number(id) : id;
}

function writeNode(node: WorkflowNode, order: number, document: WorkflowDocument, catalog: NodeCatalog): JsonObject {
  const spec = specOf(catalog, node.type);
  const values = writeValues(node.type, node.values, node.storedValues, spec);
  const flags = isObject(node.rest['flags']) ? node.rest['flags'] : {};
  const { collapsed: _, ...otherFlags } = flags;
  const properties = isObject(node.rest['properties']) ? node.rest['properties'] : {};
  return {
    id: writeId(node.id),
    type: node.type,
    pos: [node.position.x, node.position.y],
    ...(node.size && { size: [node.size.width, node.size.height] }),
    ...node.rest,
    flags: node.collapsed ? { ...otherFlags, collapsed: true } : otherFlags,
    order,
    mode: MODES[node.mode],
    inputs: writeInputs(node, document),
    outputs: writeOutputs(node, document),
    ...(node.title !== undefined && { title: node.title }),
    properties: { 'Node name for S&R': node.type, ...properties },
    ...(values !== undefined && { widgets_values: values }),
    ...(Object.keys(node.values).length > 0 && { widgets_values_named: node.values }),
  };
}

function writeInputs(node: WorkflowNode, document: WorkflowDocument): Json[] {
  const incoming = new Map<string, number>();
  for (const link of document.links.values()) {
    if (link.target === node.id) {
      incoming.set(link.targetInput, link.id);
    }
  }
  return node.inputs.map((input) => ({
    ...input.rest,
    name: input.name,
    type: input.type,
    ...(input.widget && { widget: { name: input.name } }),
    link: incoming.get(input.name) ?? null,
  }));
}

function writeOutputs(node: WorkflowNode, document: WorkflowDocument): Json[] {
  return node.outputs.map((output, slot) => {
    const links = [...document.links.values()].filter((link) => link.source === node.id && link.sourceSlot === slot);
    return {
      ...output.rest,
      name: output.name,
      type: output.type,
      links: links.length === 0 ? null : links.map((link) => link.id),
    };
  });
}

function writeLink(link: Link, document: WorkflowDocument): JsonObject {
  const inputs = document.nodes.get(link.target)?.inputs ?? [];
  return {
    ...link.rest,
    id: link.id,
    origin_id: writeId(link.source),
    origin_slot: link.sourceSlot,
    target_id: writeId(link.target),
    target_slot: inputs.findIndex((input) => input.name === link.targetInput),
    type: link.type,
  };
}

function writeGroup(group: Group): JsonObject {
  return {
    ...group.rest,
    title: group.title,
    bounding: [group.position.x, group.position.y, group.size.width, group.size.height],
    ...(group.color !== undefined && { color: group.color }),
  };
}

/** Position of every node in an order in which sources come before their targets; nodes on a cycle come last. */
export function topologicalOrder(document: WorkflowDocument): ReadonlyMap<NodeId, number> {
  const waiting = new Map<NodeId, number>([...document.nodes.keys()].map((id) => [id, 0]));
  const followers = new Map<NodeId, NodeId[]>();
  for (const link of document.links.values()) {
    waiting.set(link.target, (waiting.get(link.target) ?? 0) + 1);
    followers.set(link.source, [...(followers.get(link.source) ?? []), link.target]);
  }
  const order = new Map<NodeId, number>();
  const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  for (let index = 0; index < ready.length; index++) {
    const id = ready[index] as NodeId;
    order.set(id, index);
    for (const follower of followers.get(id) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      waiting.set(follower, left);
      if (left === 0) {
        ready.push(follower);
      }
    }
  }
  for (const id of document.nodes.keys()) {
    if (!order.has(id)) {
      order.set(id, order.size);
    }
  }
  return order;
}
