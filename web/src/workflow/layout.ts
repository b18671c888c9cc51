import type { NodeId, Position, Size, WorkflowDocument, WorkflowNode } from './document';
import { isNote, linkInto, REROUTE } from './document';
import type { NodeCatalog, WidgetSpec } from './specs';
import { topologicalOrder } from './uiWrite';
import { specOf } from './virtual';

const COLUMN_GAP = 90;
const ROW_GAP = 40;
const HEADER = 44;
const ROW = 28;
const RESULT_HEIGHT = 300;
/** Weight of a node that nothing feeds: it comes after all that have a place by their wires. */
const BELOW_ALL = 1e6;
export const NODE_WIDTH = 280;

/** Does this widget need the full width of a card and several lines? */
export function isTall(spec: WidgetSpec): boolean {
  return spec.kind === 'string' && spec.multiline;
}

/** The size a node card will roughly have; used to place nodes before anything is drawn. */
export function estimateSize(node: WorkflowNode, catalog: NodeCatalog): Size {
  if (node.type === REROUTE) {
    return { width: 40, height: 24 };
  }
  if (isNote(node.type)) {
    return node.size ?? { width: 240, height: 140 };
  }
  const spec = specOf(catalog, node.type);
  const sockets = node.inputs.filter((input) => !input.widget).length;
  const rows = Math.max(sockets, node.outputs.length);
  const widgets = (spec?.widgets ?? []).reduce((sum, widget) => sum + (isTall(widget.spec) ? 92 : 32), 0);
  return { width: NODE_WIDTH, height: HEADER + rows * ROW + widgets + 20 };
}

/**
 * Places every node: a column per depth, ordered inside a column by the height of what feeds each node.
 *
 * A node that nothing feeds stands just left of what it feeds, below those that are fed.
 */
export function layOut(document: WorkflowDocument, catalog: NodeCatalog): WorkflowDocument {
  const columns = columnsOf(document);
  const positions = new Map<NodeId, Position>();
  const centres = new Map<NodeId, number>();
  let x = 0;
  for (const column of columns) {
    const sorted = column
      .map((node, index) => ({ node, weight: weightOf(node, document, catalog, centres) ?? (x === 0 ? 0 : BELOW_ALL) + index * ROW }))
      .sort((a, b) => a.weight - b.weight);
    let y = 0;
    let width = 0;
    for (const { node } of sorted) {
      const size = estimateSize(node, catalog);
      const room = size.height + roomForResults(node, catalog);
      positions.set(node.id, { x, y });
      centres.set(node.id, y + size.height / 2);
      y += room + ROW_GAP;
      width = Math.max(width, size.width);
    }
    x += width + COLUMN_GAP;
  }
  const nodes = new Map([...document.nodes].map(([id, node]) => [id, { ...node, position: positions.get(id) ?? node.position }]));
  return { ...document, nodes };
}

function columnsOf(document: WorkflowDocument): WorkflowNode[][] {
  const depth = new Map<NodeId, number>();
  const order = [...topologicalOrder(document)].sort(([, a], [, b]) => a - b).map(([id]) => id);
  for (const id of order) {
    const node = document.nodes.get(id);
    const sources = (node?.inputs ?? []).map((input) => linkInto(document, id, input.name)?.source);
    const depths = sources.map((source) => (source === undefined ? -1 : (depth.get(source) ?? -1)));
    depth.set(id, Math.max(-1, ...depths) + 1);
  }
  pullSources(document, depth);
  const columns: WorkflowNode[][] = [];
  for (const node of document.nodes.values()) {
    (columns[depth.get(node.id) ?? 0] ??= []).push(node);
  }
  return columns.filter((column) => column.length > 0);
}

/** Height a card gains once it shows its result, or its preview while it samples. */
function roomForResults(node: WorkflowNode, catalog: NodeCatalog): number {
  const spec = specOf(catalog, node.type);
  const samples = spec?.inputs.some((input) => input.type === 'MODEL') === true && spec.outputs.some((output) => output.type === 'LATENT');
  return spec?.outputNode === true || samples ? RESULT_HEIGHT : 0;
}

/** Height of what feeds a node; nodes that only show something stand below the others. */
function weightOf(node: WorkflowNode, document: WorkflowDocument, catalog: NodeCatalog, centres: ReadonlyMap<NodeId, number>): number | undefined {
  const centre = meanCentre(node, document, centres);
  const ends = specOf(catalog, node.type)?.outputNode === true && ![...document.links.values()].some((link) => link.source === node.id);
  return centre === undefined ? undefined : centre + (ends ? 2 * BELOW_ALL : 0);
}

/** Moves nodes without inputs next to the nearest node they feed, so that their wires are short. */
function pullSources(document: WorkflowDocument, depth: Map<NodeId, number>): void {
  const nearest = new Map<NodeId, number>();
  const fed = new Set<NodeId>();
  for (const link of document.links.values()) {
    fed.add(link.target);
    nearest.set(link.source, Math.min(nearest.get(link.source) ?? Infinity, depth.get(link.target) ?? 0));
  }
  for (const [id, target] of nearest) {
    if (!fed.has(id)) {
      depth.set(id, Math.max(0, target - 1));
    }
  }
}

function meanCentre(node: WorkflowNode, document: WorkflowDocument, centres: ReadonlyMap<NodeId, number>): number | undefined {
  const known = node.inputs
    .map((input) => linkInto(document, node.id, input.name)?.source)
    .map((source) => (source === undefined ? undefined : centres.get(source)))
    .filter((centre) => centre !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, centre) => sum + centre, 0) / known.length;
}
