import { describe, expect, it } from 'vitest';
import { apply, type Command, duplicate, labelOf } from '../../src/workflow/commands';
import type { WorkflowDocument } from '../../src/workflow/document';
import { amend, execute, newHistory, redo, undo } from '../../src/workflow/history';
import { writeUi } from '../../src/workflow/uiWrite';
import { catalog, connect, documentOf, setValue } from '../fixtures';

const start = documentOf('LoadDiT', 'BGRQuantize', 'ARQActivation');

/** One command of each kind that changes the start document. */
const COMMANDS: readonly Command[] = [
  connect('1', 0, '2', 'model'),
  connect('1', 0, '3', 'model'),
  connect('2', 0, '3', 'model'),
  setValue('2', 'bits', 6),
  { kind: 'moveNodes', positions: new Map([['1', { x: 5, y: 6 }]]) },
  { kind: 'resizeNode', node: '1', size: { width: 400, height: 90 } },
  { kind: 'setMode', nodes: ['2', '3'], mode: 'bypass' },
  { kind: 'setCollapsed', node: '2', collapsed: true },
  { kind: 'setTitle', node: '3', title: 'Mine' },
  { kind: 'addGroup', group: { key: 'g', title: 'G', position: { x: 0, y: 0 }, size: { width: 9, height: 9 }, rest: {} } },
  { kind: 'changeGroup', group: { key: 'g', title: 'H', position: { x: 1, y: 0 }, size: { width: 9, height: 9 }, rest: {} } },
  { kind: 'disconnect', links: [1] },
  { kind: 'removeNodes', nodes: ['2'] },
  { kind: 'removeGroups', groups: ['g'] },
  { kind: 'replace', document: documentOf('TeaCache') },
];

describe('undo and redo', () => {
  it('walk back and forth through every kind of command', () => {
    const files: unknown[] = [writeUi(start, catalog)];
    let history = newHistory(start);
    for (const command of COMMANDS) {
      history = execute(history, command);
      files.push(writeUi(history.present, catalog));
    }
    expect(history.past).toHaveLength(COMMANDS.length);

    for (let index = COMMANDS.length - 1; index >= 0; index--) {
      history = undo(history);
      expect(writeUi(history.present, catalog)).toEqual(files[index]);
    }
    for (let index = 1; index <= COMMANDS.length; index++) {
      history = redo(history);
      expect(writeUi(history.present, catalog)).toEqual(files[index]);
    }
  });

  it('stop at the ends', () => {
    const history = newHistory(start);

    expect(undo(history)).toBe(history);
    expect(redo(history)).toBe(history);
  });

  it('make one step of a drag of a slider', () => {
    let history = newHistory(start);
    for (const bits of [5, 6, 7]) {
      history = execute(history, setValue('2', 'bits', bits), '2/bits');
    }
    history = execute(history, setValue('3', 'bits', 5), '3/bits');

    expect(history.past).toHaveLength(2);
    expect(undo(undo(history)).present).toBe(start);
  });

  it('forget what was undone once something else is done', () => {
    const history = execute(undo(execute(newHistory(start), setValue('2', 'bits', 5))), setValue('2', 'bits', 7));

    expect(history.future).toEqual([]);
    expect(redo(history).present.nodes.get('2')?.values['bits']).toBe(7);
  });

  it('make no step of a command that changes nothing', () => {
    const history = newHistory(start);

    expect(execute(history, setValue('2', 'bits', 4))).toBe(history);
  });

  it('leave out what the program changes by itself', () => {
    const history = amend(newHistory(start), setValue('2', 'bits', 8));

    expect(history.present.nodes.get('2')?.values['bits']).toBe(8);
    expect(history.past).toEqual([]);
  });

  it('have a name for every kind of command', () => {
    expect(COMMANDS.map(labelOf).every((label) => label.length > 0)).toBe(true);
  });
});

describe('commands', () => {
  const linksOf = (document: WorkflowDocument) => [...document.links.values()].map(({ source, target, targetInput }) => [source, target, targetInput]);

  it('give an input one wire: the newer replaces the older', () => {
    const document = [connect('1', 0, '3', 'model'), connect('2', 0, '3', 'model')].reduce(apply, start);

    expect(linksOf(document)).toEqual([['2', '3', 'model']]);
  });

  it('take the wires of a removed node away with it', () => {
    const document = [connect('1', 0, '2', 'model'), connect('2', 0, '3', 'model'), { kind: 'removeNodes', nodes: ['2'] } as const].reduce(apply, start);

    expect(document.links.size).toBe(0);
    expect([...document.nodes.keys()]).toEqual(['1', '3']);
  });

  it('duplicate nodes with the wires between them and those that lead to them', () => {
    const wired = [connect('1', 0, '2', 'model'), connect('2', 0, '3', 'model')].reduce(apply, start);

    const document = apply(wired, duplicate(wired, ['2', '3'], { x: 40, y: 40 }));

    expect([...document.nodes.keys()]).toEqual(['1', '2', '3', '4', '5']);
    expect(linksOf(document).slice(2)).toEqual([['1', '4', 'model'], ['4', '5', 'model']]);
    expect(document.lastNodeId).toBe(5);
  });

  it('leave the document they start from as it is', () => {
    const before = JSON.stringify(writeUi(start, catalog));
    COMMANDS.forEach((command) => apply(start, command));

    expect(JSON.stringify(writeUi(start, catalog))).toBe(before);
  });
});
