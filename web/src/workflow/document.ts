import type { Json, JsonObject } from './json';

/** Identity of a node: a number in most files, but also `12:5` inside expanded subgraphs. */
export type NodeId = string;
export type LinkId = number;

/** How a node takes part in a run: normally, not at all, or as a wire that passes its inputs through. */
export type NodeMode = 'always' | 'never' | 'bypass';

export type Position = { readonly x: number; readonly y: number };
export type Size = { readonly width: number; readonly height: number };

/** An input as the file lists it; `widget` marks one that has an editor on the card. */
export type InputPort = {
  readonly name: string;
  readonly type: string;
  readonly widget: boolean;
  /** Keys of the file we do not interpret (label, shape, localized_name ...). */
  readonly rest: JsonObject;
};

export type OutputPort = {
  readonly name: string;
  readonly type: string;
  readonly rest: JsonObject;
};

export type WorkflowNode = {
  readonly id: NodeId;
  readonly type: string;
  /** A title given by the user; absent when the title of the node's type is shown. */
  readonly title?: string;
  readonly position: Position;
  readonly size?: Size;
  readonly mode: NodeMode;
  readonly collapsed: boolean;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  /** Widget values by name, including `control_after_generate` entries. */
  readonly values: JsonObject;
  /** `widgets_values` as the file had it: the only record of the values of a node nobody here knows. */
  readonly storedValues?: Json;
  readonly rest: JsonObject;
};

/** A wire; the target is named because the order of inputs may change between versions of a node. */
export type Link = {
  readonly id: LinkId;
  readonly source: NodeId;
  readonly sourceSlot: number;
  readonly target: NodeId;
  readonly targetInput: string;
  readonly type: string;
  readonly rest: JsonObject;
};

export type Group = {
  readonly key: string;
  readonly title: string;
  readonly position: Position;
  readonly size: Size;
  readonly color?: string;
  readonly rest: JsonObject;
};

/** One workflow. Immutable: every command returns a new document that shares what did not change. */
export type WorkflowDocument = {
  /** Schema of the file: links as arrays (0.4) or as objects (1). */
  readonly schema: 0.4 | 1;
  readonly nodes: ReadonlyMap<NodeId, WorkflowNode>;
  readonly links: ReadonlyMap<LinkId, Link>;
  readonly groups: readonly Group[];
  readonly lastNodeId: number;
  readonly lastLinkId: number;
  readonly rest: JsonObject;
};

export function emptyDocument(): WorkflowDocument {
  return {
    schema: 0.4,
    nodes: new Map(),
    links: new Map(),
    groups: [],
    lastNodeId: 0,
    lastLinkId: 0,
    rest: {},
  };
}

/** The wire that ends at an input, if there is one. */
export function linkInto(document: WorkflowDocument, target: NodeId, input: string): Link | undefined {
  for (const link of document.links.values()) {
    if (link.target === target && link.targetInput === input) {
      return link;
    }
  }
  return undefined;
}

/** Does `from` reach `to` along links? A link from `to` to `from` would then close a cycle. */
export function reaches(document: WorkflowDocument, from: NodeId, to: NodeId): boolean {
  const followers = new Map<NodeId, NodeId[]>();
  for (const link of document.links.values()) {
    const list = followers.get(link.source);
    if (list) {
      list.push(link.target);
    } else {
      followers.set(link.source, [link.target]);
    }
  }
  const seen = new Set<NodeId>([from]);
  const open: NodeId[] = [from];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) {
      return true;
    }
    for (const follower of followers.get(next) ?? []) {
      if (!seen.has(follower)) {
        seen.add(follower);
        open.push(follower);
      }
    }
  }
  return false;
}

/** Node types that exist only on the canvas and are resolved before a workflow is sent. */
export const REROUTE = 'Reroute';
export const PRIMITIVE = 'PrimitiveNode';
export const NOTE = 'Note';
export const MARKDOWN_NOTE = 'MarkdownNote';

export function isVirtual(type: string): boolean {
  return type === REROUTE || type === PRIMITIVE || isNote(type);
}

export function isNote(type: string): boolean {
  return type === NOTE || type === MARKDOWN_NOTE;
}
