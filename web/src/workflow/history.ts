import { apply, type Command, labelOf } from './commands';
import type { WorkflowDocument } from './document';

type Step = { readonly document: WorkflowDocument; readonly label: string };

/** A document with the states it came from and those that were undone. */
export type History = {
  readonly present: WorkflowDocument;
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  /** Key of the last command; a command with the same key joins its undo step (one drag of a slider, one step). */
  readonly openKey: string | undefined;
};

const LIMIT = 200;

export function newHistory(document: WorkflowDocument): History {
  return { present: document, past: [], future: [], openKey: undefined };
}

/** Runs a command as a new undo step, or within the last one when both carry the same `joinKey`. */
export function execute(history: History, command: Command, joinKey?: string): History {
  const present = apply(history.present, command);
  if (present === history.present) {
    return history;
  }
  if (joinKey !== undefined && joinKey === history.openKey) {
    return { ...history, present, future: [] };
  }
  const past = [...history.past, { document: history.present, label: labelOf(command) }].slice(-LIMIT);
  return { present, past, future: [], openKey: joinKey };
}

/** Changes the present without an undo step: for what the program does by itself, as advancing a seed. */
export function amend(history: History, command: Command): History {
  return { ...history, present: apply(history.present, command), openKey: undefined };
}

export function undo(history: History): History {
  const step = history.past.at(-1);
  if (!step) {
    return history;
  }
  return {
    present: step.document,
    past: history.past.slice(0, -1),
    future: [{ document: history.present, label: step.label }, ...history.future],
    openKey: undefined,
  };
}

export function redo(history: History): History {
  const [step, ...future] = history.future;
  if (!step) {
    return history;
  }
  return {
    present: step.document,
    past: [...history.past, { document: history.present, label: step.label }],
    future,
    openKey: undefined,
  };
}
