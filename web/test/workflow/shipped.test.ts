import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asApiLink } from '../../src/workflow/api';
import type { Json } from '../../src/workflow/json';
import { typesMatch } from '../../src/workflow/linkTypes';
import { openJson } from '../../src/workflow/open';
import { parseObjectInfo } from '../../src/workflow/specs';
import { toPrompt } from '../../src/workflow/toPrompt';
import { readUi } from '../../src/workflow/uiRead';
import { writeUi } from '../../src/workflow/uiWrite';
import { serverObjectInfo } from '../objectInfo';

/** The workflows of the repository. */
function workflows(): [string, Json][] {
  const folder = join(import.meta.dirname, '../../../workflows');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json]);
}

describe.each(workflows())('%s', (_, json) => {
  const catalog = parseObjectInfo(serverObjectInfo());

  it('opens without a warning, and every node can run', () => {
    const { document, warnings } = openJson(json, catalog);

    expect(warnings).toEqual([]);
    expect(toPrompt(document, catalog).issues).toEqual([]);
    for (const link of document.links.values()) {
      const input = document.nodes.get(link.target)?.inputs.find((port) => port.name === link.targetInput);
      expect(typesMatch(link.type, input?.type ?? ''), `link ${link.id}`).toBe(true);
    }
  });

  it('gives every required input, and comes back the same after being saved', () => {
    const { document } = openJson(json, catalog);
    const { prompt } = toPrompt(document, catalog);

    for (const [id, node] of Object.entries(prompt)) {
      const required = catalog.get(node.class_type)?.inputs.filter((input) => !input.optional) ?? [];
      expect(Object.keys(node.inputs), `node ${id}`).toEqual(expect.arrayContaining(required.map((input) => input.name)));
      for (const value of Object.values(node.inputs)) {
        const link = asApiLink(value);
        expect(link === undefined || prompt[link.source] !== undefined).toBe(true);
      }
    }
    expect(toPrompt(readUi(writeUi(document, catalog), catalog).document, catalog).prompt).toEqual(prompt);
  });
});
