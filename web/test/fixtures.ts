import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apply, type Command, newNode } from '../src/workflow/commands';
import { emptyDocument, type Position, type WorkflowDocument } from '../src/workflow/document';
import type { Json } from '../src/workflow/json';
import { type NodeCatalog, parseObjectInfo } from '../src/workflow/specs';
import { specOf } from '../src/workflow/virtual';
import { objectInfo } from './objectInfo';

const folder = join(import.meta.dirname, 'fixtures');

export function fixture(name: string): Json {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json;
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, name)));
}

export const catalog: NodeCatalog = parseObjectInfo(objectInfo());

/** A document with nodes of the given types, numbered from 1. */
export function documentOf(...types: readonly string[]): WorkflowDocument {
  const origin: Position = { x: 0, y: 0 };
  return types.reduce((document, type, index) => {
    const spec = specOf(catalog, type);
    if (!spec) {
      throw new RangeError(`The fixture has no node type ${type}`);
    }
    return apply(document, { kind: 'addNode', node: newNode(String(index + 1), spec, origin) });
  }, emptyDocument());
}

export function connect(source: string, sourceSlot: number, target: string, targetInput: string): Command {
  return { kind: 'connect', ends: { source, sourceSlot, target, targetInput } };
}

export function setValue(node: string, name: string, value: Json): Command {
  return { kind: 'setValue', node, name, value };
}
