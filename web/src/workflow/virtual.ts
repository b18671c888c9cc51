import { MARKDOWN_NOTE, NOTE, PRIMITIVE, REROUTE } from './document';
import { parseNodeSpec, type NodeCatalog, type NodeSpec } from './specs';

const note = { input: { required: { text: ['STRING', { multiline: true, placeholder: 'Write a note' }] } }, output: [], category: 'canvas' } as const;

/** Specs of the node types that live on the canvas alone; the server never hears of them. */
export const VIRTUAL_NODES: NodeCatalog = new Map<string, NodeSpec>(
  [
    parseNodeSpec(NOTE, { ...note, display_name: 'Note', description: 'Text beside the graph; it is not run.' }),
    parseNodeSpec(MARKDOWN_NOTE, { ...note, display_name: 'Markdown Note', description: 'Text beside the graph; it is not run.' }),
    parseNodeSpec(REROUTE, {
      display_name: 'Reroute',
      description: 'A knot in a wire; it only makes the graph easier to read.',
      category: 'canvas',
      input: { required: { '': ['*'] } },
      output: ['*'],
      output_name: [''],
    }),
    parseNodeSpec(PRIMITIVE, {
      display_name: 'Primitive',
      description: 'One value for several inputs; it takes the type of the first input it feeds.',
      category: 'canvas',
      input: {},
      output: ['*'],
      output_name: ['value'],
    }),
  ].map((spec) => [spec.type, spec]),
);

/** The spec of a node type: of the server, or of the canvas itself. */
export function specOf(catalog: NodeCatalog, type: string): NodeSpec | undefined {
  return catalog.get(type) ?? VIRTUAL_NODES.get(type);
}
