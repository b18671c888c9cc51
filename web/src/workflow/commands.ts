import type { Group, Link, LinkId, NodeId, NodeMode, Position, Size, WorkflowDocument, WorkflowNode } from './document';
import type { Ends } from './connection';
import { outputType } from './connection';
import type { Json } from './json';
import { initialValues, type NodeSpec } from './specs';

/** Every change a person can make to a document. */
export type Command =
  | { readonly kind: 'addNode'; readonly node: WorkflowNode }
  | { readonly kind: 'removeNodes'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'moveNodes'; readonly positions: ReadonlyMap<NodeId, Position> }
  | { readonly kind: 'resizeNode'; readonly node: NodeId; readonly size: Size; readonly position?: Position }
  | { readonly kind: 'setValue'; readonly node: NodeId; readonly name: string; readonly value: Json }
  | { readonly kind: 'setMode'; readonly nodes: readonly NodeId[]; readonly mode: NodeMode }
  | { readonly kind: 'setCollapsed'; readonly node: NodeId; readonly collapsed: boolean }
  | { readonly kind: 'setTitle'; readonly node: NodeId; readonly title: string }
  | { readonly kind: 'connect'; readonly ends: Ends }
  | { readonly kind: 'disconnect'; readonly links: readonly LinkId[] }
  | { readonly kind: 'insert'; readonly nodes: readonly WorkflowNode[]; readonly links: readonly Link[] }
  | { readonly kind: 'addGroup'; readonly group: Group }
  | { readonly kind: 'changeGroup'; readonly group: Group }
  | { readonly kind: 'removeGroups'; readonly groups: readonly string[] }
  | { readonly kind: 'replace'; readonly document: WorkflowDocument }
  | { readonly kind: 'all'; readonly label: string; readonly commands: readonly Command[] };

/** What the undo button calls a command. */
export function labelOf(command: Command): string {
  switch (command.kind) {
    case 'addNode':
      return 'Add node';
    case 'removeNodes':
      return 'Delete';
    case 'moveNodes':
      return 'Move';
    case 'resizeNode':
      return 'Resize';
    case 'setValue':
      return `Change ${command.name}`;
    case 'setMode':
      return command.mode === 'always' ? 'Enable' : command.mode === 'never' ? 'Mute' : 'Bypass';
    case 'setCollapsed':
      return command.collapsed ? 'Collapse' : 'Expand';
    case 'setTitle':
      return 'Rename';
    case 'connect':
      return 'Connect';
    case 'disconnect':
      return 'Disconnect';
    case 'insert':
      return 'Paste';
    case 'addGroup':
      return 'Add group';
    case 'changeGroup':
      return 'Change group';
    case 'removeGroups':
      return 'Delete group';
    case 'replace':
      return 'Open';
    case 'all':
      return command.label;
  }
}

/** The document after a command. The given document is not changed; an idle command returns it as it is. */
export function apply(document: WorkflowDocument, command: Command): WorkflowDocument {
  switch (command.kind) {
    case 'addNode':
      return insert(document, [command.node], []);
    case 'insert':
      return insert(document, command.nodes, command.links);
    case 'removeNodes':
      return removeNodes(document, new Set(command.nodes));
    case 'moveNodes':
      return changeNodes(document, [...command.positions.keys()], (node) => ({ ...node, position: command.positions.get(node.id) ?? node.position }));
    case 'resizeNode':
      return changeNodes(document, [command.node], (node) => ({ ...node, size: command.size, position: command.position ?? node.position }));
    case 'setValue':
      return changeNodes(document, [command.node], (node) =>
        node.values[command.name] === command.value ? node : { ...node, values: { ...node.values, [command.name]: command.value } },
      );
    case 'setMode':
      return changeNodes(document, command.nodes, (node) => ({ ...node, mode: command.mode }));
    case 'setCollapsed':
      return changeNodes(document, [command.node], (node) => ({ ...node, collapsed: command.collapsed }));
    case 'setTitle':
      return changeNodes(document, [command.node], (node) => retitle(node, command.title));
    case 'connect':
      return connect(document, command.ends);
    case 'disconnect':
      return { ...document, links: without(document.links, new Set(command.links)) };
    case 'addGroup':
      return { ...document, groups: [...document.groups, command.group] };
    case 'changeGroup':
      return { ...document, groups: document.groups.map((group) => (group.key === command.group.key ? command.group : group)) };
    case 'removeGroups':
      return { ...document, groups: document.groups.filter((group) => !command.groups.includes(group.key)) };
    case 'replace':
      return command.document;
    case 'all':
      return command.commands.reduce(apply, document);
  }
}

function changeNodes(document: WorkflowDocument, ids: readonly NodeId[], change: (node: WorkflowNode) => WorkflowNode): WorkflowDocument {
  const nodes = new Map(document.nodes);
  let changed = false;
  for (const id of ids) {
    const node = nodes.get(id);
    const next = node && change(node);
    if (next && next !== node) {
      nodes.set(id, next);
      changed = true;
    }
  }
  return changed ? { ...document, nodes } : document;
}

function retitle(node: WorkflowNode, title: string): WorkflowNode {
  const { title: _, ...untitled } = node;
  return title.trim() === '' ? untitled : { ...node, title: title.trim() };
}

function insert(document: WorkflowDocument, added: readonly WorkflowNode[], links: readonly Link[]): WorkflowDocument {
  const nodes = new Map(document.nodes);
  let lastNodeId = document.lastNodeId;
  for (const node of added) {
    nodes.set(node.id, node);
    lastNodeId = /^\d+$/.test(node.id) ? Math.max(lastNodeId, Number(node.id)) : lastNodeId;
  }
  const allLinks = new Map([...document.links, ...links.map((link) => [link.id, link] as const)]);
  const lastLinkId = Math.max(document.lastLinkId, ...links.map((link) => link.id));
  return { ...document, nodes, links: allLinks, lastNodeId, lastLinkId };
}

function removeNodes(document: WorkflowDocument, gone: ReadonlySet<NodeId>): WorkflowDocument {
  const dead = [...document.links.values()].filter((link) => gone.has(link.source) || gone.has(link.target));
  return {
    ...document,
    nodes: without(document.nodes, gone),
    links: without(document.links, new Set(dead.map((link) => link.id))),
  };
}

function without<K, V>(map: ReadonlyMap<K, V>, gone: ReadonlySet<K>): ReadonlyMap<K, V> {
  return new Map([...map].filter(([key]) => !gone.has(key)));
}

/** An input takes one wire: a new one replaces the old. */
function connect(document: WorkflowDocument, ends: Ends): WorkflowDocument {
  const replaced = [...document.links.values()].filter((link) => link.target === ends.target && link.targetInput === ends.targetInput);
  const links = new Map(without(document.links, new Set(replaced.map((link) => link.id))));
  const id = document.lastLinkId + 1;
  links.set(id, { id, ...ends, type: outputType(document, ends.source, ends.sourceSlot), rest: {} });
  return { ...document, links, lastLinkId: id };
}

export function freshNodeId(document: WorkflowDocument): NodeId {
  return String(document.lastNodeId + 1);
}

/** A node of the given type with its initial values, ready to be added. */
export function newNode(id: NodeId, spec: NodeSpec, position: Position): WorkflowNode {
  return {
    id,
    type: spec.type,
    position,
    mode: 'always',
    collapsed: false,
    inputs: spec.inputs.map((input) => ({ name: input.name, type: input.type, widget: input.widget !== undefined, rest: {} })),
    outputs: spec.outputs.map((output) => ({ name: output.name, type: output.type, rest: {} })),
    values: initialValues(spec),
    rest: {},
  };
}

/** The command that adds copies of some nodes, with the wires between them, a little to the side. */
export function duplicate(document: WorkflowDocument, ids: readonly NodeId[], offset: Position): Command {
  const renamed = new Map<NodeId, NodeId>();
  const originals = ids.map((id) => document.nodes.get(id)).filter((node) => node !== undefined);
  originals.forEach((node, index) => renamed.set(node.id, String(document.lastNodeId + 1 + index)));
  const nodes = originals.map((node) => ({
    ...node,
    id: renamed.get(node.id) ?? node.id,
    position: { x: node.position.x + offset.x, y: node.position.y + offset.y },
  }));
  const inner = [...document.links.values()].filter((link) => renamed.has(link.target));
  const links = inner.map((link, index) => ({
    ...link,
    id: document.lastLinkId + 1 + index,
    source: renamed.get(link.source) ?? link.source,
    target: renamed.get(link.target) ?? link.target,
  }));
  return { kind: 'all', label: 'Duplicate', commands: [{ kind: 'insert', nodes, links }] };
}
