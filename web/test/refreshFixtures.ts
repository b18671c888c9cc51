import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isArray, isObject, type Json, type JsonObject } from '../src/workflow/json';
import { openJson } from '../src/workflow/open';
import { parseObjectInfo } from '../src/workflow/specs';
import { toPrompt } from '../src/workflow/toPrompt';
import { writeUi } from '../src/workflow/uiWrite';

/**
 * Writes what tests and the mock server work with. Usage: `npm run fixtures`.
 * `object_info.json`: the node types of the real server, as its own test records them, with files in the model folders;
 * `dvd-quant.json`, `dvd-quant.api.json`: a shipped workflow as the canvas writes it in both forms;
 * `clip.mp4` is what `quantreel run workflows/t2v-demo-w4a6-delta-gbs-teacache.json` saves.
 */
const here = import.meta.dirname;
export const GOLDEN = join(here, '../../node-server/src/test/resources/golden/object_info.json');
const SHIPPED = join(here, '../../workflows/t2v-demo-w4a6-delta-gbs-teacache.json');

function write(name: string, json: Json): void {
  writeFileSync(join(here, 'fixtures', name), `${JSON.stringify(json, undefined, 1)}\n`);
}

const FILES: Readonly<Record<string, readonly string[]>> = {
  'LoadDiT.file': ['quantreel_demo_dit_bf16.safetensors', 'wan2.1_t2v_1.3B_bf16.safetensors'],
  'LoadQuantized.file': ['quantized_00001_.safetensors'],
  'LoadTextEncoder.file': ['quantreel_demo_umt5_bf16.safetensors'],
  'LoadVAE.file': ['quantreel_demo_taehv_bf16.safetensors', 'wan_2.1_vae.safetensors'],
  'LoadImage.file': ['example.png'],
};

/** The server's node types with files to choose from. */
export function fixtureOf(golden: Json): Json {
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

if (process.argv[1] === import.meta.filename) {
  const fixture = fixtureOf(JSON.parse(readFileSync(GOLDEN, 'utf8')) as Json);
  const catalog = parseObjectInfo(fixture);
  const shipped = JSON.parse(readFileSync(SHIPPED, 'utf8')) as Json;
  const { document } = openJson(shipped, catalog);
  const reopened = openJson(writeUi(document, catalog), catalog).document;
  write('object_info.json', fixture);
  write('dvd-quant.json', writeUi(reopened, catalog));
  write('dvd-quant.api.json', toPrompt(reopened, catalog).prompt);
}
