import { describe, expect, it } from 'vitest';
import { placeLoader } from '../../src/workflow/artifact/place';
import { readArtifact } from '../../src/workflow/artifact/read';
import { bitsPerWeight, describeRecipe, parseReport, ratioOf, sameArtifact, sqnrOf, totalSqnr, weightsOf, worstLayer } from '../../src/workflow/artifact/report';
import { looksLikeSafetensors } from '../../src/workflow/artifact/safetensors';
import { apply } from '../../src/workflow/commands';
import type { WorkflowDocument } from '../../src/workflow/document';
import { RECIPE, SOURCE, artifact, artifactMetadata, artifactTensors, LAYERS, safetensors } from '../artifactFile';
import { catalog, connect, documentOf } from '../fixtures';

const blob = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]);

/** Counts the bytes that are read of a file that claims to be long. */
class Watched extends Blob {
  read = 0;

  override slice(from = 0, to = this.size): Blob {
    this.read += to - from;
    return super.slice(from, to);
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    throw new Error('the whole file was asked for');
  }
}

describe('reading a quantized file', () => {
  it('finds recipe, source, layers and figures', async () => {
    const report = await readArtifact(blob(artifact()));

    expect(report).toMatchObject({ family: 'Wan 2.1 / 2.2', tool: 'Quantreel test', recipe: RECIPE, source: SOURCE });
    expect(report.layers.map(({ name, rows, columns, bits, modulation, branches }) => [name, rows, columns, bits, modulation, branches])).toEqual([
      ['a', 4, 8, 4, false, 1],
      ['b', 2, 5, 8, true, 0],
    ]);
    expect(report.layers[0]?.error).toMatchObject({ mse: 0.01, relativeMse: 0.1, errorStd: 0.1, minMaxErrorStd: 0.2, kurtosis: 3 });
    expect(report.layers[1]?.error.kurtosis).toBeNaN();
    expect(report.parameters).toBe(4 * 8 + 2 * 5 + 4);
    expect(report.tensorBytes).toBe(Object.values(artifactTensors()).reduce((sum, { data }) => sum + data.length, 0));
    expect(describeRecipe(report.recipe)).toBe('test, W4A8');
  });

  it('reads the header and the figures alone', async () => {
    const tensors = { ...artifactTensors(), big: { dtype: 'U8', shape: [1_000_000], data: new Uint8Array(1_000_000) } };
    const bytes = safetensors(tensors, artifactMetadata(LAYERS));
    const file = new Watched([bytes]);

    await readArtifact(file);

    expect(file.read).toBe(bytes.length - Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0) + 2 * 72);
  });

  it('sums errors over layers as the server does', async () => {
    const report = await readArtifact(blob(artifact()));
    const [a, b] = report.layers;

    expect(sqnrOf(a!)).toBeCloseTo(10, 9);
    expect(sqnrOf(b!)).toBeCloseTo(30, 9);
    expect(worstLayer(report)).toBe(a);
    const errors = 0.01 * weightsOf(a!) + 0.0002 * weightsOf(b!);
    const squares = 0.1 * weightsOf(a!) + 0.2 * weightsOf(b!);
    expect(totalSqnr(report)).toBeCloseTo(10 * Math.log10(squares / errors), 9);
    expect(ratioOf(report)).toBeCloseTo((2 * 46) / report.tensorBytes, 12);
    expect(bitsPerWeight(report)).toBeCloseTo((8 * report.tensorBytes) / 46, 12);
  });

  it('equals the report that the server gives of the same file', async () => {
    const report = await readArtifact(blob(artifact()));
    const told = {
      ...report,
      layers: report.layers.map((layer) => ({ ...layer, figures: Object.values(layer.error).map((figure) => (Number.isFinite(figure) ? figure : null)) })),
    };

    const parsed = parseReport(JSON.parse(JSON.stringify(told)) as never);
    expect(parsed).toEqual(report);
    expect(sameArtifact(parsed, report)).toBe(true);
    expect(sameArtifact({ ...parsed, source: { ...parsed.source, digest: 'd2' } }, report)).toBe(false);
  });

  it.each([
    ['a plain checkpoint', safetensors({ 'a.weight': { dtype: 'BF16', shape: [2, 2], data: new Uint8Array(8) } }), /plain checkpoint \(1 tensors of BF16\), not one that Quantreel quantized.*Load DiT/],
    ['a half-written one', artifact({ 'quantreel.complete': '0' }), /unfinished: its writing was stopped.*quantreel quantize/],
    ['one cut in its tensors', artifact().slice(0, -20), /cut short: its tensors need .* bytes, it has .*Copy or download it again/],
    ['one cut in its header', artifact().slice(0, 100), /cut short: its header has .* bytes/],
    ['an empty one', new Uint8Array(0), /cut short: it has 0 bytes/],
    ['a later version', artifact({ 'quantreel.artifact': '2' }), /version 2; this canvas reads version 1/],
    ['one with a damaged recipe', artifact({ 'quantreel.recipe': '{' }), /metadata quantreel.recipe is not valid JSON/],
    ['one without figures', safetensors(Object.fromEntries(Object.entries(artifactTensors()).filter(([name]) => name !== 'b.weight.figures')), artifactMetadata(LAYERS)), /codes or figures of the layer b are missing/],
    ['no safetensors file at all', new TextEncoder().encode('{"nodes": [], "links": []}'), /no safetensors file/],
  ])('refuses %s with the reason', async (_, bytes, message) => {
    await expect(readArtifact(blob(bytes))).rejects.toThrow(message);
  });

  it('is told from a workflow by its first bytes', async () => {
    expect(await looksLikeSafetensors(blob(artifact()))).toBe(true);
    expect(await looksLikeSafetensors(blob(new TextEncoder().encode('{"nodes":{}}')))).toBe(false);
    expect(await looksLikeSafetensors(blob(new Uint8Array(3)))).toBe(false);
  });
});

describe('placing Load Quantized', () => {
  const sourcesOf = (document: WorkflowDocument, target: string) => [...document.links.values()].filter((link) => link.target === target && link.targetInput === 'model').map((link) => link.source);
  const wired = (document: WorkflowDocument, ...ends: [string, string][]) => ends.reduce((now, [source, target]) => apply(now, connect(source, 0, target, 'model')), document);

  it('puts it on an empty canvas with the file chosen', () => {
    const placed = placeLoader(documentOf(), catalog, 'sub/q.safetensors');
    const document = apply(documentOf(), placed!.command);

    expect(document.nodes.get(placed!.id)).toMatchObject({ type: 'LoadQuantized', values: { file: 'sub/q.safetensors' } });
    expect(document.links.size).toBe(0);
  });

  it('takes the place of the model that is sampled and leaves the chain before it', () => {
    const document = wired(documentOf('LoadDiT', 'BGRQuantize', 'SampleVideo'), ['1', '2'], ['2', '3']);
    const placed = placeLoader(document, catalog, 'q.safetensors');
    const after = apply(document, placed!.command);

    expect(sourcesOf(after, '3')).toEqual([placed!.id]);
    expect(sourcesOf(after, '2')).toEqual(['1']);
    expect(placed!.wired).toEqual(['3']);
  });

  it('feeds a sampler that has no model and never a muted one', () => {
    const document = apply(documentOf('SampleVideo', 'SampleVideo'), { kind: 'setMode', nodes: ['2'], mode: 'never' });
    const after = apply(document, placeLoader(document, catalog, 'q.safetensors')!.command);

    expect(sourcesOf(after, '1')).toEqual(['3']);
    expect(sourcesOf(after, '2')).toEqual([]);
  });

  it('keeps the wires of a workflow that compares models', () => {
    const document = wired(documentOf('LoadDiT', 'BGRQuantize', 'SampleVideo', 'SampleVideo'), ['1', '2'], ['1', '3'], ['2', '4']);
    const placed = placeLoader(document, catalog, 'q.safetensors');
    const after = apply(document, placed!.command);

    expect(placed!.wired).toEqual([]);
    expect(sourcesOf(after, '3')).toEqual(['1']);
    expect(sourcesOf(after, '4')).toEqual(['2']);
  });
});
