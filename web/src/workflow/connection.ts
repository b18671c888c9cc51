import { type NodeId, PRIMITIVE, reaches, REROUTE, type WorkflowDocument } from './document';
import { ANY, typesMatch } from './linkTypes';

/** The two ends of a wire somebody wants to draw. */
export type Ends = { readonly source: NodeId; readonly sourceSlot: number; readonly target: NodeId; readonly targetInput: string };

/** Why a wire may not be drawn, in words for the person who tried; `undefined` when it may. */
export function refusal(document: WorkflowDocument, ends: Ends): string | undefined {
  const output = document.nodes.get(ends.source)?.outputs[ends.sourceSlot];
  const input = document.nodes.get(ends.target)?.inputs.find((port) => port.name === ends.targetInput);
  if (!output || !input) {
    return 'There is no such port.';
  }
  if (ends.source === ends.target) {
    return 'A node cannot feed itself.';
  }
  const sourceType = outputType(document, ends.source, ends.sourceSlot);
  if (!typesMatch(sourceType, input.type)) {
    return `${sourceType} does not fit ${input.name}, which takes ${input.type}.`;
  }
  if (reaches(document, ends.target, ends.source)) {
    return 'This wire would close a cycle.';
  }
  return undefined;
}

/** The type an output carries; behind a reroute it is the type of what feeds the reroute. */
export function outputType(document: WorkflowDocument, source: NodeId, slot: number): string {
  const seen = new Set<NodeId>();
  let id = source;
  let at = slot;
  for (;;) {
    const node = document.nodes.get(id);
    const type = node?.outputs[at]?.type ?? ANY;
    if (node?.type === PRIMITIVE) {
      return type;
    }
    if (node?.type !== REROUTE || seen.has(id)) {
      return type;
    }
    seen.add(id);
    const feeding = [...document.links.values()].find((link) => link.target === id);
    if (!feeding) {
      return ANY;
    }
    id = feeding.source;
    at = feeding.sourceSlot;
  }
}
