import { type Command, freshNodeId, newNode } from '../commands';
import type { Link, NodeId, Position, WorkflowDocument } from '../document';
import { linkInto } from '../document';
import type { NodeCatalog } from '../specs';
import { specOf } from '../virtual';

export const LOAD_QUANTIZED = 'LoadQuantized';
const MODEL = 'MODEL';
const SAMPLER = 'SampleVideo';
const GAP = 60;

type Target = { readonly node: NodeId; readonly input: string; readonly link: Link | undefined };

export type Placement = { readonly id: NodeId; readonly command: Command; readonly wired: readonly NodeId[] };

/**
 * The command that adds Load Quantized for a file and wires its model: into every input that needs a model and has
 * none, and, where all samplers of the workflow run one model, into them instead of it. A workflow that compares models
 * keeps its wires.
 */
export function placeLoader(document: WorkflowDocument, catalog: NodeCatalog, file: string): Placement | undefined {
  const spec = specOf(catalog, LOAD_QUANTIZED);
  if (!spec) {
    return undefined;
  }
  const id = freshNodeId(document);
  const node = newNode(id, spec, freePosition(document));
  const targets = wanted(document, catalog);
  const command: Command = {
    kind: 'all',
    label: 'Add Load Quantized',
    commands: [
      { kind: 'addNode', node: { ...node, values: { ...node.values, file } } },
      ...targets.map((target): Command => ({ kind: 'connect', ends: { source: id, sourceSlot: 0, target: target.node, targetInput: target.input } })),
    ],
  };
  return { id, command, wired: targets.map((target) => target.node) };
}

function wanted(document: WorkflowDocument, catalog: NodeCatalog): Target[] {
  const targets = modelInputs(document, catalog);
  const sampled = targets.filter((target) => target.link && document.nodes.get(target.node)?.type === SAMPLER);
  const sources = new Set(sampled.map((target) => `${target.link?.source ?? ''}/${target.link?.sourceSlot ?? 0}`));
  return [...targets.filter((target) => !target.link), ...(sources.size === 1 ? sampled : [])];
}

/** Inputs for a model that nodes cannot do without, of those at the end of a chain of models. */
function modelInputs(document: WorkflowDocument, catalog: NodeCatalog): Target[] {
  return [...document.nodes.values()]
    .filter((node) => node.mode === 'always' && !node.outputs.some((output) => output.type === MODEL))
    .flatMap((node) =>
      (specOf(catalog, node.type)?.inputs ?? [])
        .filter((input) => input.type === MODEL && !input.optional)
        .map((input) => ({ node: node.id, input: input.name, link: linkInto(document, node.id, input.name) })),
    );
}

/** Below everything, at the left, where loaders are. */
function freePosition(document: WorkflowDocument): Position {
  const nodes = [...document.nodes.values()];
  if (nodes.length === 0) {
    return { x: 0, y: 0 };
  }
  const left = Math.min(...nodes.map((node) => node.position.x));
  const below = nodes.filter((node) => node.position.x < left + (node.size?.width ?? 280) + GAP);
  return { x: left, y: Math.max(...below.map((node) => node.position.y + (node.size?.height ?? 220))) + GAP };
}
