import { describe, expect, it } from 'vitest';
import { fuzzyScore, searchNodes } from '../../src/workflow/search';
import { catalog } from '../fixtures';

const titles = (query: string) => searchNodes(catalog, query).map((spec) => spec.title);

describe('the palette', () => {
  it.each([
    ['bgr', 'BGR Quantize'],
    ['sample', 'Sample Video'],
    ['tea', 'TeaCache'],
    ['delta', 'δ-GBS Scheduler'],
    ['δ', 'δ-GBS Scheduler'],
    ['gbs', 'δ-GBS Scheduler'],
    ['decvae', 'Decode VAE'],
    ['ldit', 'Load DiT'],
    ['minmax', 'MinMax Quantize'],
    ['MinMaxQuantize', 'MinMax Quantize'],
    ['video save', 'Save Video'],
    ['ksampler', 'Sample Video'],
    ['unet', 'Load DiT'],
    ['onnx', 'Export ONNX'],
  ])('finds for "%s" first %s', (query, title) => {
    expect(titles(query)[0]).toBe(title);
  });

  it('finds by category and by description too, behind names', () => {
    expect(titles('quantize').slice(0, 2)).toEqual(expect.arrayContaining(['BGR Quantize', 'HQQ Quantize']));
    expect(titles('quantize')).toContain('ARQ Activation');
    expect(titles('flicker')).toEqual(['Compare Videos', 'Report Card']);
  });

  it('finds nothing for letters no node has', () => {
    expect(titles('xyzzyq')).toEqual([]);
  });

  it('shows all nodes in the order of the server without a query', () => {
    expect(searchNodes(catalog, ' ').map((spec) => spec.type)).toEqual([...catalog.keys()]);
  });

  it('offers for the end of a wire only nodes that take or give its type', () => {
    const types = (direction: 'takes' | 'gives', type: string) => searchNodes(catalog, '', { direction, type }).map((spec) => spec.type);

    expect(types('takes', 'VAE')).toEqual(expect.arrayContaining(['DecodeVAE', 'EncodeVAE']));
    expect(types('takes', 'VAE')).not.toContain('LoadVAE');
    expect(types('gives', 'BIT_SCHEDULE').sort()).toEqual(['DeltaGBSScheduler', 'FixedBitSchedule']);
    expect(types('takes', 'IMAGE')).toContain('CompareVideos');
  });

  it('scores letters in order only', () => {
    expect(fuzzyScore('abc', 'cba')).toBe(0);
    expect(fuzzyScore('abc', 'a big cat')).toBeGreaterThan(0);
    expect(fuzzyScore('abc', 'abc def')).toBeGreaterThan(fuzzyScore('abc', 'a big cat'));
  });
});
