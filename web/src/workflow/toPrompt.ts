import { type ApiNode, type ApiPrompt, wrapConstant } from './api';
import { API_PROPERTY } from './apiRead';
import { isNote, isVirtual, type Link, type NodeId, PRIMITIVE, REROUTE, type WorkflowDocument, type WorkflowNode } from './document';
import { isArray, isObject, type Json, type JsonObject } from './json';
import { typesMatch } from './linkTypes';
import { CONTROL_AFTER_GENERATE, type NodeCatalog } from './specs';
import { specOf } from './virtual';

/** Something that keeps a node from being sent; shown beside the node. */
export type ConversionIssue = { readonly node: NodeId; readonly title: string; readonly message: string };

export type Conversion = { readonly prompt: ApiPrompt; readonly issues: readonly ConversionIssue[] };

/** What an input receives in the end: an output of a node that runs, or a constant. */
type Feed = { readonly kind: 'link'; readonly source: NodeId; readonly slot: number } | { readonly kind: 'constant'; readonly value: Json };

/**
 * Converts a document to the executable form.
 *
 * Muted, bypassed and canvas-only nodes are left out. Wires through reroutes lead to what feeds them, wires through a
 * bypassed node to its input of the same type, wires from a primitive become its value, wires from muted nodes vanish.
 */
export function toPrompt(document: WorkflowDocument, catalog: NodeCatalog): Conversion {
  const graph = new Wires(document);
  const issues: ConversionIssue[] = [];
  const prompt: Record<string, ApiNode> = {};
  for (const node of document.nodes.values()) {
    if (node.mode !== 'always' || isVirtual(node.type)) {
      continue;
    }
    const spec = specOf(catalog, node.type);
    const title = titleOf(node, catalog);
    if (!spec) {
      issues.push({ node: node.id, title, message: `The server has no node type "${node.type}".` });
    }
    const { [API_PROPERTY]: apiKeys = {} } = isObject(node.rest['properties']) ? node.rest['properties'] : {};
    const kept = isObject(apiKeys) ? apiKeys : {};
    const meta = isObject(kept['_meta']) ? kept['_meta'] : {};
    prompt[node.id] = { ...kept, class_type: node.type, inputs: inputsOf(node, graph, catalog), _meta: { ...meta, title } };
  }
  return { prompt: dropDanglingLinks(prompt), issues };
}

export function titleOf(node: WorkflowNode, catalog: NodeCatalog): string {
  return node.title ?? specOf(catalog, node.type)?.title ?? node.type;
}

function inputsOf(node: WorkflowNode, graph: Wires, catalog: NodeCatalog): JsonObject {
  const inputs: Record<string, Json> = {};
  const widgets = specOf(catalog, node.type)?.widgets ?? [];
  const order = [...widgets.filter((widget) => widget.spec.kind !== 'control').map((widget) => widget.name), ...Object.keys(node.values)];
  for (const name of order) {
    const value = node.values[name];
    if (value !== undefined && !isControlName(name)) {
      inputs[name] = wrapConstant(value);
    }
  }
  for (const port of node.inputs) {
    const feed = graph.feedOf(node.id, port.name);
    if (feed?.kind === 'link') {
      inputs[port.name] = [feed.source, feed.slot];
    } else if (feed?.kind === 'constant') {
      inputs[port.name] = wrapConstant(feed.value);
    }
  }
  return inputs;
}

function isControlName(name: string): boolean {
  return name === CONTROL_AFTER_GENERATE || name.endsWith(`.${CONTROL_AFTER_GENERATE}`);
}

function dropDanglingLinks(prompt: ApiPrompt): ApiPrompt {
  const keep = (value: Json) => !(isArray(value) && typeof value[0] === 'string' && prompt[value[0]] === undefined);
  return Object.fromEntries(
    Object.entries(prompt).map(([id, node]) => [
      id,
      { ...node, inputs: Object.fromEntries(Object.entries(node.inputs).filter(([, value]) => keep(value))) },
    ]),
  );
}

/** The wires of a document, followed backwards through everything that does not run. */
class Wires {
  private readonly incoming = new Map<NodeId, Map<string, Link>>();

  constructor(private readonly document: WorkflowDocument) {
    for (const link of document.links.values()) {
      const links = this.incoming.get(link.target) ?? new Map<string, Link>();
      links.set(link.targetInput, link);
      this.incoming.set(link.target, links);
    }
  }

  feedOf(target: NodeId, input: string): Feed | undefined {
    const seen = new Set<number>();
    let link = this.incoming.get(target)?.get(input);
    while (link && !seen.has(link.id)) {
      seen.add(link.id);
      const source = this.document.nodes.get(link.source);
      if (!source || source.mode === 'never' || isNote(source.type)) {
        return undefined;
      }
      if (source.type === PRIMITIVE) {
        return { kind: 'constant', value: source.values['value'] ?? null };
      }
      const passesThrough = source.type === REROUTE ? source.inputs[0]?.name : source.mode === 'bypass' ? bypassInput(source, link.sourceSlot) : undefined;
      if (source.type !== REROUTE && source.mode === 'always') {
        return { kind: 'link', source: source.id, slot: link.sourceSlot };
      }
      link = passesThrough === undefined ? undefined : this.incoming.get(source.id)?.get(passesThrough);
    }
    return undefined;
  }
}

/** The input a bypassed node passes to its output: the one at the same place, else the first of that type, else the first that fits. */
export function bypassInput(node: WorkflowNode, slot: number): string | undefined {
  const type = node.outputs[slot]?.type;
  if (type === undefined) {
    return undefined;
  }
  const opposite = node.inputs[slot];
  if (opposite?.type === type) {
    return opposite.name;
  }
  const exact = node.inputs.find((input) => input.type === type);
  return (exact ?? node.inputs.find((input) => typesMatch(input.type, type)))?.name;
}
