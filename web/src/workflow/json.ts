/** Any value a JSON text can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object; documents keep unknown keys in values of this type. */
export type JsonObject = { readonly [key: string]: Json };

/** A JSON text that is not what the reader expects; the message says what would be accepted. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

export function stringOr(value: Json | undefined, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

export function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

/** The entries of `object` whose keys are not in `known`: what a reader must carry along untouched. */
export function unknownKeys(object: JsonObject, known: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !known.includes(key)));
}

const STRING_OR_BARE_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON, reading the bare words `NaN`, `Infinity` and `-Infinity` as `null`.
 *
 * Python writes them into the metadata of its outputs although JSON has no such values.
 */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const repaired = text.replace(STRING_OR_BARE_NUMBER, (token) => (token.startsWith('"') ? token : 'null'));
    if (repaired === text) {
      throw new FormatError(`Not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    return JSON.parse(repaired) as Json;
  }
}
