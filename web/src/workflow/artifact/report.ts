import { isArray, isObject, type Json, type JsonObject, numberOr, stringOr } from '../json';

/** What quantization did to the weights of a layer; NaN where a figure has no finite value. */
export type LayerError = {
  readonly mse: number;
  /** Mean squared error over the variance of the weights. */
  readonly relativeMse: number;
  readonly errorStd: number;
  readonly minMaxErrorStd: number;
  readonly maxError: number;
  readonly clippedFraction: number;
  readonly kurtosis: number;
  readonly crestFactor: number;
  readonly incoherence: number;
};

/** The figures in the order in which a file stores them. */
export const LAYER_FIGURES = ['mse', 'relativeMse', 'errorStd', 'minMaxErrorStd', 'maxError', 'clippedFraction', 'kurtosis', 'crestFactor', 'incoherence'] as const satisfies readonly (keyof LayerError)[];

export type ReportLayer = {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  /** Makes modulation vectors: quantized by its weights alone. */
  readonly modulation: boolean;
  readonly smoothed: boolean;
  /** Low-rank branches beside it. */
  readonly branches: number;
  readonly error: LayerError;
};

export type ReportSource = { readonly name: string; readonly digest: string; readonly bytes: number; readonly format: string };

/** What a quantized file is and how good: its header and its figures, read by the browser or told by the server. */
export type ArtifactReport = {
  readonly family: string;
  readonly tool: string;
  readonly recipe: JsonObject;
  readonly source: ReportSource;
  /** Weights of the whole model. */
  readonly parameters: number;
  readonly tensorBytes: number;
  readonly layers: readonly ReportLayer[];
};

/** Reads the report that the server gives of one of its files. */
export function parseReport(json: Json): ArtifactReport {
  const object = isObject(json) ? json : {};
  const source = isObject(object['source']) ? object['source'] : {};
  return {
    family: stringOr(object['family'], ''),
    tool: stringOr(object['tool'], ''),
    recipe: isObject(object['recipe']) ? object['recipe'] : {},
    source: { name: stringOr(source['name'], ''), digest: stringOr(source['digest'], ''), bytes: numberOr(source['bytes'], NaN), format: stringOr(source['format'], '') },
    parameters: numberOr(object['parameters'], NaN),
    tensorBytes: numberOr(object['tensorBytes'], NaN),
    layers: (isArray(object['layers']) ? object['layers'] : []).filter(isObject).map(parseLayer),
  };
}

function parseLayer(json: JsonObject): ReportLayer {
  return {
    name: stringOr(json['name'], ''),
    rows: numberOr(json['rows'], NaN),
    columns: numberOr(json['columns'], NaN),
    bits: numberOr(json['bits'], NaN),
    modulation: json['modulation'] === true,
    smoothed: json['smoothed'] === true,
    branches: numberOr(json['branches'], 0),
    error: errorOf((isArray(json['figures']) ? json['figures'] : []).map((figure) => numberOr(figure, NaN))),
  };
}

/** Names figures that are stored in the order of {@link LAYER_FIGURES}. */
export function errorOf(figures: readonly number[]): LayerError {
  const finite = (index: number) => numberOr(figures[index], NaN);
  return Object.fromEntries(LAYER_FIGURES.map((name, index) => [name, finite(index)])) as LayerError;
}

/** Signal to quantization noise of a layer's weights in dB; infinite for an exact one. */
export function sqnrOf(layer: ReportLayer): number {
  return -10 * Math.log10(layer.error.relativeMse);
}

/** The same over all quantized weights: squared errors over squared deviations. */
export function totalSqnr(report: ArtifactReport): number {
  let errors = 0;
  let squares = 0;
  for (const layer of report.layers) {
    const { mse, relativeMse } = layer.error;
    errors += mse * weightsOf(layer);
    squares += relativeMse > 0 ? (mse / relativeMse) * weightsOf(layer) : 0;
  }
  return -10 * Math.log10(errors / squares);
}

/** The layer with the largest relative error. */
export function worstLayer(report: ArtifactReport): ReportLayer | undefined {
  return report.layers.reduce<ReportLayer | undefined>((worst, layer) => (worst && sqnrOf(worst) <= sqnrOf(layer) ? worst : layer), undefined);
}

export function weightsOf(layer: ReportLayer): number {
  return layer.rows * layer.columns;
}

/** How many times smaller than the whole model in 16 bits. */
export function ratioOf(report: ArtifactReport): number {
  return (2 * report.parameters) / report.tensorBytes;
}

/** Bits that a weight of the model takes on average, with grids and all that is kept. */
export function bitsPerWeight(report: ArtifactReport): number {
  return (8 * report.tensorBytes) / report.parameters;
}

/** The recipe's name and `W4A8`. */
export function describeRecipe(recipe: JsonObject): string {
  const weights = isObject(recipe['weights']) ? recipe['weights'] : {};
  const inputs = isObject(recipe['inputs']) ? recipe['inputs'] : {};
  const activations = kindOf(inputs['quantizer']) === 'full_precision' ? 16 : numberOr(inputs['bits'], NaN);
  const words = `W${numberOr(weights['bits'], NaN)}A${activations}`;
  const name = stringOr(recipe['name'], '');
  return name === '' ? words : `${name}, ${words}`;
}

/** The chosen kind of a part of a recipe, such as `bgr` of its quantizer. */
export function kindOf(part: Json | undefined): string {
  return isObject(part) ? stringOr(part['kind'], '') : '';
}

/** Whether two reports are of the same file: source, recipe in short, size, and the error of every layer. */
export function sameArtifact(one: ArtifactReport, other: ArtifactReport): boolean {
  return identity(one) === identity(other);
}

function identity(report: ArtifactReport): string {
  return JSON.stringify([report.source.digest, describeRecipe(report.recipe), report.tensorBytes, report.layers.map((layer) => [layer.name, layer.bits, layer.error.mse])]);
}
