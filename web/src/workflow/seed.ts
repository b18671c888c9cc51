import type { Command } from './commands';
import { linkInto, PRIMITIVE, type WorkflowDocument } from './document';
import type { Json } from './json';
import { CONTROL_AFTER_GENERATE, type NodeCatalog, type SeedControl, seedControl } from './specs';
import { specOf } from './virtual';

type Bounds = { readonly min: number; readonly max: number };

/** Commands that advance every seed whose `control_after_generate` asks for it, to be run once a prompt is queued. */
export function seedsAfterQueue(document: WorkflowDocument, catalog: NodeCatalog, random: () => number = Math.random): Command[] {
  const commands: Command[] = [];
  for (const node of document.nodes.values()) {
    if (node.mode !== 'always') {
      continue;
    }
    if (node.type === PRIMITIVE && typeof node.values['value'] === 'number') {
      const next = advance(node.values['value'], seedControl(node.values[CONTROL_AFTER_GENERATE] ?? 'fixed'), boundsOf(undefined), random);
      commands.push({ kind: 'setValue', node: node.id, name: 'value', value: next });
    }
    for (const { name, spec } of specOf(catalog, node.type)?.widgets ?? []) {
      if (spec.kind !== 'control' || linkInto(document, node.id, spec.controls)) {
        continue;
      }
      const seed = specOf(catalog, node.type)?.widgets.find((widget) => widget.name === spec.controls)?.spec;
      const value = node.values[spec.controls];
      if (typeof value === 'number') {
        const next = advance(value, seedControl(node.values[name] ?? 'fixed'), boundsOf(seed?.kind === 'int' ? seed : undefined), random);
        commands.push({ kind: 'setValue', node: node.id, name: spec.controls, value: next });
      }
    }
  }
  return commands.filter((command) => command.kind !== 'setValue' || document.nodes.get(command.node)?.values[command.name] !== command.value);
}

/** Seeds stay within what a JSON number carries exactly. */
function boundsOf(spec: { readonly min?: number; readonly max?: number } | undefined): Bounds {
  return {
    min: Math.max(spec?.min ?? 0, Number.MIN_SAFE_INTEGER),
    max: Math.min(spec?.max ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  };
}

function advance(value: number, control: SeedControl, { min, max }: Bounds, random: () => number): Json {
  switch (control) {
    case 'fixed':
      return value;
    case 'increment':
      return value >= max ? min : value + 1;
    case 'decrement':
      return value <= min ? max : value - 1;
    case 'randomize':
      return Math.min(max, min + Math.floor(random() * (max - min + 1)));
  }
}

/** A new seed within the bounds of a widget, for the dice button. */
export function randomSeed(spec: { readonly min?: number; readonly max?: number }, random: () => number = Math.random): number {
  const { min, max } = boundsOf(spec);
  return Math.min(max, min + Math.floor(random() * (max - min + 1)));
}
