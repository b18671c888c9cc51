import { describe, expect, it } from 'vitest';
import { apply, type Command } from '../../src/workflow/commands';
import type { WorkflowDocument } from '../../src/workflow/document';
import { bypassInput, toPrompt } from '../../src/workflow/toPrompt';
import { readUi } from '../../src/workflow/uiRead';
import { catalog, connect, documentOf, setValue } from '../fixtures';

function run(document: WorkflowDocument, ...commands: readonly Command[]): WorkflowDocument {
  return commands.reduce(apply, document);
}

function promptOf(document: WorkflowDocument) {
  return toPrompt(document, catalog).prompt;
}

describe('the executable form', () => {
  it('has the values of widgets, the links over them, and titles', () => {
    const document = run(documentOf('LoadDiT', 'BGRQuantize'), connect('1', 0, '2', 'model'), setValue('2', 'bits', 3), {
      kind: 'setTitle',
      node: '2',
      title: 'Three bits',
    });

    expect(promptOf(document)['2']).toEqual({
      class_type: 'BGRQuantize',
      inputs: { model: ['1', 0], bits: 3, refinementRounds: 50, tolerance: 0.0001, keep: '' },
      _meta: { title: 'Three bits' },
    });
  });

  it('does not send the control entry of a seed', () => {
    expect(promptOf(documentOf('SampleVideo'))['1']?.inputs).not.toHaveProperty('control_after_generate');
  });

  it('lets a link win over the widget of the same input', () => {
    const document = run(documentOf('SampleVideo', 'SampleVideo'), setValue('2', 'seed', 5), connect('1', 0, '2', 'seed'));

    expect(promptOf(document)['2']?.inputs['seed']).toEqual(['1', 0]);
  });

  it('leaves out muted nodes and every wire from them', () => {
    const document = run(documentOf('LoadDiT', 'BGRQuantize', 'ExportONNX'), connect('1', 0, '2', 'model'), connect('2', 0, '3', 'model'), {
      kind: 'setMode',
      nodes: ['2'],
      mode: 'never',
    });

    const prompt = promptOf(document);

    expect(Object.keys(prompt)).toEqual(['1', '3']);
    expect(prompt['3']?.inputs).not.toHaveProperty('model');
  });

  it('leads wires through bypassed nodes, one behind the other', () => {
    const document = run(
      documentOf('LoadDiT', 'BGRQuantize', 'ARQActivation', 'ExportONNX'),
      connect('1', 0, '2', 'model'),
      connect('2', 0, '3', 'model'),
      connect('3', 0, '4', 'model'),
      { kind: 'setMode', nodes: ['2', '3'], mode: 'bypass' },
    );

    const prompt = promptOf(document);

    expect(Object.keys(prompt)).toEqual(['1', '4']);
    expect(prompt['4']?.inputs['model']).toEqual(['1', 0]);
  });

  it('drops a wire from a bypassed node that has no input of its type', () => {
    const document = run(documentOf('BGRQuantize', 'QuantizationReport'), connect('1', 1, '2', 'report'), { kind: 'setMode', nodes: ['1'], mode: 'bypass' });

    expect(promptOf(document)['2']?.inputs).not.toHaveProperty('report');
  });

  it('passes the input at the same place first, then the first of the type, then the first that fits', () => {
    const port = (name: string, type: string) => ({ name, type, widget: false, rest: {} });
    const node = { ...documentOf('LoadVAE').nodes.get('1')!, inputs: [port('a', '*'), port('b', 'VAE'), port('c', 'VAE')] };
    const withOutputs = (...types: string[]) => ({ ...node, outputs: types.map((type) => ({ name: type, type, rest: {} })) });

    expect(bypassInput(withOutputs('X', 'VAE', 'VAE'), 2)).toBe('c');
    expect(bypassInput(withOutputs('VAE'), 0)).toBe('b');
    expect(bypassInput(withOutputs('LATENT'), 0)).toBe('a');
    expect(bypassInput(withOutputs('LATENT'), 5)).toBeUndefined();
  });

  it('sees through reroutes', () => {
    const document = run(documentOf('LoadVAE', 'Reroute', 'Reroute', 'DecodeVAE'), connect('1', 0, '2', ''), connect('2', 0, '3', ''), connect('3', 0, '4', 'vae'));

    const prompt = promptOf(document);

    expect(Object.keys(prompt)).toEqual(['1', '4']);
    expect(prompt['4']?.inputs['vae']).toEqual(['1', 0]);
  });

  it('does not hang on a circle of reroutes', () => {
    const looped = run(documentOf('Reroute', 'Reroute', 'DecodeVAE'), connect('1', 0, '2', ''), connect('2', 0, '1', ''), connect('2', 0, '3', 'vae'));

    expect(promptOf(looped)['3']?.inputs).not.toHaveProperty('vae');
  });

  it('writes the value of a primitive into every input it feeds', () => {
    const document = run(documentOf('PrimitiveNode', 'EmptyVideoLatent', 'EmptyVideoLatent'), setValue('1', 'value', 96), connect('1', 0, '2', 'width'), connect('1', 0, '3', 'height'));

    const prompt = promptOf(document);

    expect(Object.keys(prompt)).toEqual(['2', '3']);
    expect(prompt['2']?.inputs).toMatchObject({ width: 96, height: 64 });
    expect(prompt['3']?.inputs).toMatchObject({ width: 64, height: 96 });
  });

  it('leaves out notes', () => {
    expect(promptOf(documentOf('Note', 'MarkdownNote'))).toEqual({});
  });

  it('wraps lists, so that none is taken for a link', () => {
    const document = apply(documentOf('LoadVAE'), setValue('1', 'vae', ['2', 0]));

    expect(promptOf(document)['1']?.inputs['vae']).toEqual({ __value__: ['2', 0] });
  });

  it('names every active node the server does not know, and no muted one', () => {
    const alien = (id: number, mode: number) => ({ id, type: 'Alien', pos: [0, 0], mode });
    const { document } = readUi({ nodes: [alien(1, 0), alien(2, 2)], links: [] }, catalog);

    expect(toPrompt(document, catalog).issues).toEqual([{ node: '1', title: 'Alien', message: 'The server has no node type "Alien".' }]);
  });
});
