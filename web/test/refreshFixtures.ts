import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../src/workflow/json';
import { openJson } from '../src/workflow/open';
import { parseObjectInfo } from '../src/workflow/specs';
import { toPrompt } from '../src/workflow/toPrompt';
import { writeUi } from '../src/workflow/uiWrite';
import { objectInfo } from './objectInfo';

/**
 * Writes `dvd-quant.json` and `dvd-quant.api.json`: a shipped workflow as the canvas writes it in both forms.
 * `clip.mp4` is what `quantreel run` of that workflow saves. Usage: `npm run fixtures`, after nodes have changed.
 */
const here = import.meta.dirname;
const shipped = JSON.parse(readFileSync(join(here, '../../workflows/t2v-demo-w4a6-delta-gbs-teacache.json'), 'utf8')) as Json;

function write(name: string, json: Json): void {
  writeFileSync(join(here, 'fixtures', name), `${JSON.stringify(json, undefined, 1)}\n`);
}

const catalog = parseObjectInfo(objectInfo());
const { document } = openJson(shipped, catalog);
const reopened = openJson(writeUi(document, catalog), catalog).document;
write('dvd-quant.json', writeUi(reopened, catalog));
write('dvd-quant.api.json', toPrompt(reopened, catalog).prompt);
