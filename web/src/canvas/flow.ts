import type { Edge, Node } from '@xyflow/react';
import { outputType } from '../workflow/connection';
import { type Group, isNote, type Link, REROUTE, type WorkflowDocument, type WorkflowNode } from '../workflow/document';
import { estimateSize, NODE_WIDTH } from '../workflow/layout';
import type { NodeCatalog } from '../workflow/specs';
import { typeColour } from '../widgets/typeColours';

export type CardNode = Node<{ readonly node: WorkflowNode }, 'card' | 'note' | 'reroute'>;
export type GroupNode = Node<{ readonly group: Group }, 'frame'>;
export type FlowNode = CardNode | GroupNode;
export type FlowEdge = Edge<{ readonly link: Link; readonly colour: string }, 'wire'>;

/** Names of handles: inputs by name, outputs by slot, as links in the document. */
export const handleOfInput = (name: string): string => `in:${name}`;
export const handleOfOutput = (slot: number): string => `out:${slot}`;
export const inputOfHandle = (handle: string): string => handle.slice(3);
export const outputOfHandle = (handle: string): number => Number(handle.slice(4));

function kindOf(node: WorkflowNode): CardNode['type'] {
  return node.type === REROUTE ? 'reroute' : isNote(node.type) ? 'note' : 'card';
}

/**
 * The nodes xyflow draws for a document.
 *
 * A node that did not change keeps its object, so that only what changed is drawn again; selection and measured sizes
 * are xyflow's own and carried over.
 */
export function flowNodes(document: WorkflowDocument, catalog: NodeCatalog, previous: readonly FlowNode[]): FlowNode[] {
  const before = new Map(previous.map((node) => [node.id, node]));
  const frames = document.groups.map((group) => frameOf(group, before.get(group.key)));
  const cards = [...document.nodes.values()].map((node) => cardOf(node, catalog, before.get(node.id)));
  return [...frames, ...cards];
}

function frameOf(group: Group, before: FlowNode | undefined): FlowNode {
  if (before?.type === 'frame' && before.data.group === group && samePosition(before, group)) {
    return before;
  }
  return {
    ...(before as GroupNode | undefined),
    id: group.key,
    type: 'frame',
    position: group.position,
    width: group.size.width,
    height: group.size.height,
    data: { group },
    zIndex: -1,
    dragHandle: '.frame-title',
    ariaLabel: `Group ${group.title}`,
  };
}

function cardOf(node: WorkflowNode, catalog: NodeCatalog, before: FlowNode | undefined): FlowNode {
  if (before && before.type !== 'frame' && before.data.node === node && samePosition(before, node)) {
    return before;
  }
  const kind = kindOf(node);
  const resized = kind === 'note' ? (node.size ?? { width: 240, height: 140 }) : undefined;
  const width = kind === 'card' ? Math.max(NODE_WIDTH, Math.min(node.size?.width ?? NODE_WIDTH, 900)) : undefined;
  const estimate = estimateSize(node, catalog);
  return {
    ...(before as CardNode | undefined),
    id: node.id,
    type: kind,
    position: before?.dragging === true ? before.position : node.position,
    data: { node },
    initialWidth: width ?? estimate.width,
    initialHeight: estimate.height,
    ...(width !== undefined && { width }),
    ...(resized && { width: resized.width, height: resized.height }),
    dragHandle: kind === 'reroute' ? '.reroute' : '.drag-handle',
  };
}

function samePosition(flow: FlowNode, model: { readonly position: { readonly x: number; readonly y: number } }): boolean {
  return flow.position.x === model.position.x && flow.position.y === model.position.y;
}

/** The wires xyflow draws for a document, coloured by the type they carry. */
export function flowEdges(document: WorkflowDocument, previous: readonly FlowEdge[]): FlowEdge[] {
  const before = new Map(previous.map((edge) => [edge.id, edge]));
  return [...document.links.values()].map((link) => {
    const id = String(link.id);
    const known = before.get(id);
    const type = outputType(document, link.source, link.sourceSlot);
    const colour = typeColour(type === '*' ? link.type : type);
    if (known?.data?.link === link && known.data.colour === colour) {
      return known;
    }
    return {
      id,
      type: 'wire',
      source: link.source,
      target: link.target,
      sourceHandle: handleOfOutput(link.sourceSlot),
      targetHandle: handleOfInput(link.targetInput),
      data: { link, colour },
      ...(known?.selected === true && { selected: true }),
      ariaLabel: `${type} wire from node ${link.source} to ${link.targetInput} of node ${link.target}`,
    };
  });
}
