import { describe, expect, it } from 'vitest';
import { apply } from '../../src/workflow/commands';
import { outputType, refusal } from '../../src/workflow/connection';
import { typesMatch } from '../../src/workflow/linkTypes';
import { connect, documentOf } from '../fixtures';

describe('types of wires', () => {
  it.each([
    ['MODEL', 'MODEL', true],
    ['MODEL', 'VAE', false],
    ['IMAGE', 'IMAGE,VIDEO', true],
    ['VIDEO', 'IMAGE, VIDEO', true],
    ['LATENT', 'IMAGE,VIDEO', false],
    ['IMAGE,MASK', 'MASK,VIDEO', true],
    ['IMAGE,MASK', 'LATENT,VIDEO', false],
    ['*', 'MODEL', true],
    ['MODEL', '*', true],
    ['MODELS', 'MODEL', false],
    ['INT', 'FLOAT', false],
  ])('%s into %s: %s', (source, target, expected) => {
    expect(typesMatch(source, target)).toBe(expected);
  });
});

describe('a wire', () => {
  const ends = (source: string, sourceSlot: number, target: string, targetInput: string) => ({ source, sourceSlot, target, targetInput });

  it('is drawn where types match', () => {
    expect(refusal(documentOf('LoadVAE', 'DecodeVAE'), ends('1', 0, '2', 'vae'))).toBeUndefined();
  });

  it('is refused with both types named where they do not', () => {
    expect(refusal(documentOf('LoadVAE', 'DecodeVAE'), ends('1', 0, '2', 'samples'))).toBe('VAE does not fit samples, which takes LATENT.');
  });

  it('is refused where it would close a cycle', () => {
    const chain = [connect('1', 0, '2', 'model'), connect('2', 0, '3', 'model')].reduce(apply, documentOf('ARQActivation', 'ARQActivation', 'ARQActivation'));

    expect(refusal(chain, ends('3', 0, '1', 'model'))).toContain('cycle');
  });

  it('is refused from a node to itself and from ports that are not there', () => {
    const document = documentOf('ARQActivation', 'LoadVAE');

    expect(refusal(document, ends('1', 0, '1', 'model'))).toContain('itself');
    expect(refusal(document, ends('1', 9, '2', 'vae'))).toContain('no such port');
    expect(refusal(document, ends('1', 0, '2', 'nothing'))).toContain('no such port');
  });

  it('carries through a reroute the type of what feeds it', () => {
    const document = apply(documentOf('LoadVAE', 'Reroute', 'ExportONNX', 'DecodeVAE'), connect('1', 0, '2', ''));

    expect(outputType(document, '2', 0)).toBe('VAE');
    expect(refusal(document, ends('2', 0, '3', 'model'))).toContain('VAE does not fit model');
    expect(refusal(document, ends('2', 0, '4', 'vae'))).toBeUndefined();
  });
});
