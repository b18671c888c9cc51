import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isArray, isObject, type Json, type JsonObject } from '../src/workflow/json';

/** The node types of the real server, as its own test records them. */
export function serverObjectInfo(): Json {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../node-server/src/test/resources/golden/object_info.json'), 'utf8')) as Json;
}

const FILES: Readonly<Record<string, readonly string[]>> = {
  'LoadDiT.file': ['quantreel_demo_dit_bf16.safetensors', 'wan2.1_t2v_1.3B_bf16.safetensors'],
  'LoadQuantized.file': ['quantized_00001_.safetensors'],
  'LoadTextEncoder.file': ['quantreel_demo_umt5_bf16.safetensors'],
  'LoadVAE.file': ['quantreel_demo_taehv_bf16.safetensors', 'wan_2.1_vae.safetensors'],
  'LoadImage.file': ['example.png'],
};

/** What tests and the mock server work with: the server's node types, with files to choose from. */
export function objectInfo(): JsonObject {
  const golden = serverObjectInfo();
  const nodes = isObject(golden) ? golden : {};
  return Object.fromEntries(Object.entries(nodes).map(([type, node]) => [type, isObject(node) ? withFiles(type, node) : node]));
}

function withFiles(type: string, node: JsonObject): JsonObject {
  const input = isObject(node['input']) ? node['input'] : {};
  const filled = Object.entries(input).map(([section, inputs]) => [
    section,
    Object.fromEntries(
      Object.entries(isObject(inputs) ? inputs : {}).map(([name, spec]) => {
        const files = FILES[`${type}.${name}`];
        return [name, files && isArray(spec) ? [files, ...spec.slice(1)] : spec];
      }),
    ) as Json,
  ]);
  return { ...node, input: Object.fromEntries(filled) as Json };
}
