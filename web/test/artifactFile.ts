import { LAYER_FIGURES, type LayerError } from '../src/workflow/artifact/report';
import type { Json } from '../src/workflow/json';

export type Stored = { readonly dtype: string; readonly shape: readonly number[]; readonly data: Uint8Array };

/** Bytes of a safetensors file. */
export function safetensors(tensors: Readonly<Record<string, Stored>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  const header: Record<string, Json> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape: [...shape], data_offsets: [end, end + data.length] };
    end += data.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let at = 8 + text.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

export const RECIPE = {
  quantreel_recipe: 1,
  name: 'test',
  weights: { bits: 4, quantizer: { kind: 'bgr', max_iterations: 50 }, granularity: { kind: 'row' }, branch: { kind: 'none' } },
  inputs: { bits: 8, rotation: { kind: 'hadamard', block_size: 64, seed: 1 }, quantizer: { kind: 'block', group_size: 64 } },
} as const;

export const SOURCE = { name: 'model.safetensors', digest: 'd1', bytes: 4096, format: 'safetensors, F32' } as const;

/** An artifact's metadata. */
export function artifactMetadata(layers: Json, changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'quantreel.artifact': '1',
    'quantreel.complete': '1',
    'quantreel.tool': 'Quantreel test',
    'quantreel.family': 'Wan 2.1 / 2.2',
    'quantreel.recipe': JSON.stringify(RECIPE),
    'quantreel.source': JSON.stringify(SOURCE),
    'quantreel.layers': JSON.stringify(layers),
    ...changes,
  };
}

export function figures(error: Partial<LayerError>): Stored {
  const data = new Uint8Array(8 * LAYER_FIGURES.length);
  LAYER_FIGURES.forEach((name, index) => new DataView(data.buffer).setFloat64(8 * index, error[name] ?? 0, true));
  return { dtype: 'F64', shape: [LAYER_FIGURES.length], data };
}

function zeros(dtype: string, shape: readonly number[], bytes: number): Stored {
  return { dtype, shape, data: new Uint8Array(bytes) };
}

/** Tensors of two layers, `a` of 4 x 8 with a branch and `b` of 2 x 5 at 8 bits, and of a bias that is kept. */
export function artifactTensors(): Record<string, Stored> {
  return {
    'a.weight.codes': zeros('U8', [4, 4], 16),
    'a.weight.steps': zeros('F32', [4], 16),
    'a.weight.zero_points': zeros('U8', [4], 4),
    'a.weight.figures': figures({ mse: 0.01, relativeMse: 0.1, errorStd: 0.1, minMaxErrorStd: 0.2, kurtosis: 3 }),
    'a.branch.0.down': zeros('F16', [2, 8], 32),
    'a.branch.0.up': zeros('F16', [4, 2], 16),
    'a.branch.0.factor': zeros('F32', [1], 4),
    'a.branch.0.frames': zeros('F32', [3], 12),
    'b.weight.codes': zeros('U8', [2, 5], 10),
    'b.weight.steps': zeros('F32', [2], 8),
    'b.weight.zero_points': zeros('U8', [2], 2),
    'b.weight.figures': figures({ mse: 0.0002, relativeMse: 0.001, kurtosis: Number.NaN }),
    'a.bias': zeros('F32', [4], 16),
  };
}

export const LAYERS = { a: { columns: 8, bits: 4, branches: ['quantized'] }, b: { columns: 5, bits: 8, modulation: true } } as const;

export function artifact(changes: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  return safetensors(artifactTensors(), artifactMetadata(LAYERS, changes));
}
