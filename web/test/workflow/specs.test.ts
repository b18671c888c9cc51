import { describe, expect, it } from 'vitest';
import { isArray, isObject, type Json, type JsonObject } from '../../src/workflow/json';
import { parseNodeSpec, parseObjectInfo } from '../../src/workflow/specs';
import { newNode } from '../../src/workflow/commands';
import { serverObjectInfo } from '../objectInfo';

const WIDGET_TYPES: Record<string, string> = { INT: 'int', FLOAT: 'float', STRING: 'string', BOOLEAN: 'boolean', COMBO: 'combo' };

function sectionOf(info: JsonObject, section: string): JsonObject {
  const input = isObject(info['input']) ? info['input'] : {};
  return isObject(input[section]) ? input[section] : {};
}

const json = serverObjectInfo();
const nodes = Object.entries(json as JsonObject) as [string, JsonObject][];

describe('object_info of the server', () => {
  it('has the nodes whose titles the product fixes', () => {
    const titles = [...parseObjectInfo(json).values()].map((spec) => spec.title);

    expect(titles).toEqual(expect.arrayContaining(['Load DiT', 'BGR Quantize', 'ARQ Activation', 'δ-GBS Scheduler', 'TeaCache', 'Decode VAE']));
  });

  it.each(nodes)('%s: every input is a port or has an editor, every output a port', (type, info) => {
    const spec = parseNodeSpec(type, info);
    const declared = { ...sectionOf(info, 'required'), ...sectionOf(info, 'optional') };

    expect(spec.inputs.map((input) => input.name).sort()).toEqual(Object.keys(declared).sort());
    for (const input of spec.inputs) {
      const [head, options] = declared[input.name] as readonly Json[];
      const socketOnly = isObject(options) && options['forceInput'] === true;
      const expected = socketOnly ? undefined : isArray(head) ? 'combo' : WIDGET_TYPES[head as string];
      expect(input.widget?.kind, `${type}.${input.name}`).toBe(expected);
      expect(input.type).toMatch(/^(\*|[A-Z][A-Z0-9_]*(,[A-Z][A-Z0-9_]*)*)$/);
    }
    expect(spec.outputs).toHaveLength((info['output'] as readonly Json[]).length);
    expect(spec.category).not.toBe('');
  });

  it.each(nodes)('%s: every initial value is one its own editor accepts', (type, info) => {
    const spec = parseNodeSpec(type, info);

    for (const { name, spec: widget } of spec.widgets) {
      const place = `${type}.${name}`;
      if (widget.kind === 'int' || widget.kind === 'float') {
        expect(widget.initial, place).toBeGreaterThanOrEqual(widget.min ?? -Infinity);
        expect(widget.initial, place).toBeLessThanOrEqual(widget.max ?? Infinity);
      } else if (widget.kind === 'combo' && widget.options.length > 0) {
        expect(widget.options, place).toContain(widget.initial);
      }
    }
  });

  it.each(nodes)('%s: inputs come in the order the server gives', (type, info) => {
    const order = isObject(info['input_order']) ? info['input_order'] : {};
    const listed = ['required', 'optional'].flatMap((section) => (isArray(order[section]) ? order[section] : []));

    expect(parseNodeSpec(type, info).inputs.map((input) => input.name)).toEqual(listed);
  });
});

describe('a node spec', () => {
  const spec = (input: JsonObject, more: JsonObject = {}) => parseNodeSpec('X', { input: { required: input }, output: [], ...more });

  it('puts a control entry behind a seed, in the order of widgets_values', () => {
    const widgets = spec({ model: ['MODEL'], seed: ['INT', { control_after_generate: true }], steps: ['INT', {}] }).widgets;

    expect(widgets.map((widget) => widget.name)).toEqual(['seed', 'control_after_generate', 'steps']);
  });

  it('reads choices of the old and the new form', () => {
    expect(spec({ a: [['x', 'y']], b: ['COMBO', { options: ['p', 'q'], default: 'q' }] }).widgets.map(({ spec: widget }) => widget)).toMatchObject([
      { kind: 'combo', options: ['x', 'y'], initial: 'x' },
      { kind: 'combo', options: ['p', 'q'], initial: 'q' },
    ]);
  });

  it('makes a port of an input that must be wired', () => {
    expect(spec({ n: ['INT', { forceInput: true }] }).inputs[0]?.widget).toBeUndefined();
  });

  it('follows input_order rather than the order of keys', () => {
    const ordered = spec({ b: ['INT', {}], a: ['INT', {}] }, { input_order: { required: ['a', 'b'] } });

    expect(newNode('1', ordered, { x: 0, y: 0 }).inputs.map((input) => input.name)).toEqual(['a', 'b']);
  });
});
