import { FormatError, isArray, isObject, type Json, type JsonObject, numberOr, parseJson, stringOr } from '../json';
import { type ArtifactReport, errorOf, LAYER_FIGURES, type ReportLayer } from './report';
import { elementsOf, readHeader, type SafetensorsHeader } from './safetensors';

const VERSION = '1';
const FIGURE_BYTES = 8;

/**
 * Reads the report of a quantized file: the header, and 72 bytes of figures for each layer, whatever the file's size.
 *
 * @throws FormatError when the file is no quantized one, unfinished, damaged or of another version; says what to do
 */
export async function readArtifact(file: Blob): Promise<ArtifactReport> {
  const header = await readHeader(file);
  requireFinished(header);
  const described = Object.entries(objectOf(header, 'quantreel.layers'));
  const layers = await Promise.all(described.map(([name, json]) => readLayer(file, header, name, isObject(json) ? json : {})));
  const source = objectOf(header, 'quantreel.source');
  return {
    family: textOf(header, 'quantreel.family'),
    tool: textOf(header, 'quantreel.tool'),
    recipe: objectOf(header, 'quantreel.recipe'),
    source: { name: stringOr(source['name'], ''), digest: stringOr(source['digest'], ''), bytes: numberOr(source['bytes'], NaN), format: stringOr(source['format'], '') },
    parameters: parametersOf(header, layers),
    tensorBytes: [...header.tensors.values()].reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0),
    layers,
  };
}

function requireFinished(header: SafetensorsHeader): void {
  const version = header.metadata.get('quantreel.artifact');
  if (version === undefined) {
    const types = [...new Set([...header.tensors.values()].map((tensor) => tensor.dtype))].join(', ');
    throw new FormatError(
      `This is a plain checkpoint (${header.tensors.size.toLocaleString('en')} tensors of ${types || 'nothing'}), not one that Quantreel quantized: it has no recipe to show. ` +
        "Put it into the server's folder of its kind and open it with Load DiT, Load VAE or Load Text Encoder.",
    );
  }
  if (version !== VERSION) {
    throw new FormatError(`This is a quantized file of version ${version}; this canvas reads version ${VERSION}.`);
  }
  if (textOf(header, 'quantreel.complete') !== '1') {
    throw new FormatError(
      'This quantized file is unfinished: its writing was stopped. Run the same `quantreel quantize` again, it goes on where it was stopped; or save it anew from the canvas.',
    );
  }
}

function textOf(header: SafetensorsHeader, key: string): string {
  const text = header.metadata.get(key);
  if (text === undefined) {
    throw new FormatError(`The file is damaged: it is marked as quantized, but has no metadata ${key}.`);
  }
  return text;
}

function objectOf(header: SafetensorsHeader, key: string): JsonObject {
  let json: Json;
  try {
    json = parseJson(textOf(header, key));
  } catch {
    throw new FormatError(`The file is damaged: its metadata ${key} is not valid JSON.`);
  }
  if (!isObject(json)) {
    throw new FormatError(`The file is damaged: its metadata ${key} is no JSON object.`);
  }
  return json;
}

async function readLayer(file: Blob, header: SafetensorsHeader, name: string, json: JsonObject): Promise<ReportLayer> {
  const codes = header.tensors.get(`${name}.weight.codes`);
  const figures = header.tensors.get(`${name}.weight.figures`);
  const bytes = LAYER_FIGURES.length * FIGURE_BYTES;
  if (!codes || figures?.dtype !== 'F64' || figures.end - figures.begin !== bytes) {
    throw new FormatError(`The file is damaged: the codes or figures of the layer ${name} are missing.`);
  }
  const view = new DataView(await file.slice(figures.begin, figures.end).arrayBuffer());
  return {
    name,
    rows: codes.shape[0] ?? 0,
    columns: numberOr(json['columns'], 0),
    bits: numberOr(json['bits'], 0),
    modulation: json['modulation'] === true,
    smoothed: json['smoothed'] === true,
    branches: isArray(json['branches']) ? json['branches'].length : 0,
    error: errorOf(LAYER_FIGURES.map((_, index) => view.getFloat64(index * FIGURE_BYTES, true))),
  };
}

/** Weights of the model: those of the quantized layers, and every tensor that is kept as it was. */
function parametersOf(header: SafetensorsHeader, layers: readonly ReportLayer[]): number {
  const names = new Set(layers.map((layer) => layer.name));
  let parameters = layers.reduce((sum, layer) => sum + layer.rows * layer.columns, 0);
  for (const [name, tensor] of header.tensors) {
    const part = /^(.*?)\.(?:weight\.(?:codes|steps|zero_points|multipliers|figures)|smoothing|branch\.\d+\.(?:down|up|factor|frames))$/.exec(name);
    parameters += part && names.has(part[1] ?? '') ? 0 : elementsOf(tensor);
  }
  return parameters;
}
