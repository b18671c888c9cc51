import { FormatError, isArray, isObject, type Json, type JsonObject, parseJson } from '../json';

/** A tensor of a safetensors file; `begin` and `end` are bytes of the file. */
export type StoredTensor = { readonly dtype: string; readonly shape: readonly number[]; readonly begin: number; readonly end: number };

/** What the header of a safetensors file says. */
export type SafetensorsHeader = {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
};

const LENGTH_BYTES = 8;
const LONGEST_HEADER_BYTES = 100_000_000;
const OPENING_BRACE = 0x7b;

/** Whether a file begins as safetensors files do: eight bytes of a length that is no text, then `{`. */
export async function looksLikeSafetensors(file: Blob): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, LENGTH_BYTES + 1).arrayBuffer());
  return start[LENGTH_BYTES] === OPENING_BRACE && start[LENGTH_BYTES - 1] === 0;
}

/**
 * Reads the header alone, however large the file is.
 *
 * @throws FormatError when the file is cut short or is no safetensors file
 */
export async function readHeader(file: Blob): Promise<SafetensorsHeader> {
  if (file.size < LENGTH_BYTES) {
    throw new FormatError(`The file is cut short: it has ${file.size} bytes, a safetensors file begins with 8 bytes of header length.`);
  }
  const length = Number(new DataView(await file.slice(0, LENGTH_BYTES).arrayBuffer()).getBigUint64(0, true));
  if (length > LONGEST_HEADER_BYTES) {
    throw new FormatError(`This is no safetensors file: it would have a header of ${length.toLocaleString('en')} bytes.`);
  }
  const begin = LENGTH_BYTES + length;
  if (begin > file.size) {
    throw new FormatError(`The file is cut short: its header has ${length.toLocaleString('en')} bytes, the whole file only ${file.size.toLocaleString('en')}. Copy or download it again.`);
  }
  const header = parseHeader(await file.slice(LENGTH_BYTES, begin).text(), begin);
  const end = Math.max(begin, ...[...header.tensors.values()].map((tensor) => tensor.end));
  if (end > file.size) {
    throw new FormatError(`The file is cut short: its tensors need ${end.toLocaleString('en')} bytes, it has ${file.size.toLocaleString('en')}. Copy or download it again.`);
  }
  return header;
}

function parseHeader(text: string, begin: number): SafetensorsHeader {
  const json = headerJson(text);
  const tensors = new Map<string, StoredTensor>();
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(json)) {
    if (name === '__metadata__') {
      Object.entries(isObject(entry) ? entry : {}).forEach(([key, value]) => metadata.set(key, typeof value === 'string' ? value : JSON.stringify(value)));
    } else {
      tensors.set(name, parseTensor(name, entry, begin));
    }
  }
  return { tensors, metadata };
}

function headerJson(text: string): JsonObject {
  let json: Json;
  try {
    json = parseJson(text);
  } catch {
    throw new FormatError('The file is damaged: its header is not valid JSON.');
  }
  if (!isObject(json)) {
    throw new FormatError('The file is damaged: its header is no JSON object.');
  }
  return json;
}

function parseTensor(name: string, entry: Json, begin: number): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const [from, to] = isArray(offsets) ? offsets : [];
  if (typeof dtype !== 'string' || !isArray(shape) || !shape.every((size) => typeof size === 'number') || typeof from !== 'number' || typeof to !== 'number' || from < 0 || to < from) {
    throw new FormatError(`The file is damaged: its header describes the tensor ${name} without dtype, shape and offsets.`);
  }
  return { dtype, shape, begin: begin + from, end: begin + to };
}

export function elementsOf(tensor: StoredTensor): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}
