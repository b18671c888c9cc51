import { describe, expect, it } from 'vitest';
import { apply } from '../../src/workflow/commands';
import { readApi } from '../../src/workflow/api';
import { readApiDocument } from '../../src/workflow/apiRead';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/workflow/json';
import { openJson } from '../../src/workflow/open';
import { toPrompt } from '../../src/workflow/toPrompt';
import { readUi } from '../../src/workflow/uiRead';
import { writeUi } from '../../src/workflow/uiWrite';
import { catalog, documentOf, fixture, setValue } from '../fixtures';

/** A small file with unknown keys at every level and a node nobody knows. */
function fileWithExtras(): JsonObject {
  return {
    id: 'a-uuid',
    revision: 3,
    last_node_id: 9,
    last_link_id: 7,
    nodes: [
      {
        id: 4,
        type: 'LoadVAE',
        pos: { '0': 10, '1': 20 },
        size: { '0': 300, '1': 80 },
        flags: { pinned: true },
        order: 0,
        mode: 0,
        inputs: [],
        outputs: [{ name: 'vae', type: 'VAE', links: [7], slot_index: 0 }],
        properties: { cnr_id: 'pack' },
        widgets_values: ['mine.safetensors'],
        bgcolor: '#123456',
        futureKey: { nested: [1, 2] },
      },
      {
        id: 9,
        type: 'FromAnotherPack',
        pos: [400, 20],
        flags: { collapsed: true },
        order: 1,
        mode: 4,
        inputs: [{ name: 'vae', type: 'VAE', link: 7, shape: 7 }],
        outputs: [],
        properties: {},
        widgets_values: ['a', 2, null, [3]],
      },
    ],
    links: [[7, 4, 0, 9, 0, 'VAE']],
    groups: [{ id: 1, title: 'G', bounding: [1, 2, 3, 4], color: '#fff', font_size: 24 }],
    config: { deep: true },
    extra: { ds: { scale: 0.5, offset: [1, 2] } },
    models: [{ name: 'x' }],
    version: 0.4,
  };
}

function nodeOf(json: JsonObject, id: number): JsonObject {
  const node = (json['nodes'] as Json[]).find((candidate) => isObject(candidate) && candidate['id'] === id);
  return node as JsonObject;
}

describe('the UI form', () => {
  it('keeps unknown keys of the file, its nodes, ports and groups', () => {
    const file = fileWithExtras();

    const written = writeUi(readUi(file, catalog).document, catalog);

    expect(written).toMatchObject({ id: 'a-uuid', revision: 3, config: { deep: true }, extra: file['extra'], models: [{ name: 'x' }], version: 0.4 });
    expect(nodeOf(written, 4)).toMatchObject({ bgcolor: '#123456', futureKey: { nested: [1, 2] }, flags: { pinned: true }, properties: { cnr_id: 'pack' } });
    expect(nodeOf(written, 4)['outputs']).toEqual([{ name: 'vae', type: 'VAE', links: [7], slot_index: 0 }]);
    expect(written['groups']).toEqual(file['groups']);
    expect(written['links']).toEqual(file['links']);
  });

  it('keeps a node of unknown type with its ports, mode and stored values', () => {
    const written = writeUi(readUi(fileWithExtras(), catalog).document, catalog);

    expect(nodeOf(written, 9)).toMatchObject({
      type: 'FromAnotherPack',
      mode: 4,
      flags: { collapsed: true },
      inputs: [{ name: 'vae', type: 'VAE', link: 7, shape: 7 }],
      widgets_values: ['a', 2, null, [3]],
    });
  });

  it('is the same after being written and read twice', () => {
    const once = writeUi(readUi(fixture('dvd-quant.json'), catalog).document, catalog);
    const twice = writeUi(readUi(once, catalog).document, catalog);

    expect(twice).toEqual(once);
    expect(once).toEqual(fixture('dvd-quant.json'));
  });

  it('reads and writes schema 1 with links as objects and counters in the state', () => {
    const { links: _, last_node_id: _n, last_link_id: _l, ...file } = fileWithExtras();
    const link = { id: 7, origin_id: 4, origin_slot: 0, target_id: 9, target_slot: 0, type: 'VAE', parentId: 2 };
    const v1 = { ...file, version: 1, links: [link], state: { lastNodeId: 9, lastLinkId: 7, lastRerouteId: 2, lastGroupId: 1 }, reroutes: [{ id: 2, pos: [1, 1], linkIds: [7] }] };

    const written = writeUi(readUi(v1, catalog).document, catalog);

    expect(written).toMatchObject({ version: 1, links: [link], state: v1.state, reroutes: v1.reroutes });
    expect(written).not.toHaveProperty('last_node_id');
  });

  it('leaves out links without ends and says so', () => {
    const file = { ...fileWithExtras(), links: [[7, 4, 0, 9, 0, 'VAE'], [8, 4, 3, 9, 0, 'VAE'], [9, 4, 0, 77, 0, 'VAE'], [10, 4, -1, 9, 0, 'VAE']] };

    const { document, warnings } = readUi(file, catalog);

    expect([...document.links.keys()]).toEqual([7]);
    expect(warnings).toHaveLength(3);
    expect(warnings[1]).toContain('node 77 has no input 0');
  });

  it('finds an input by its name when the server has reordered the inputs since', () => {
    const stored = { id: 2, type: 'DecodeVAE', pos: [0, 0], inputs: [{ name: 'vae', type: 'VAE', link: 7 }, { name: 'samples', type: 'LATENT', link: null }], outputs: [] };
    const file = { ...fileWithExtras(), nodes: [nodeOf(fileWithExtras(), 4), stored], links: [[7, 4, 0, 2, 0, 'VAE']] };

    const { document } = readUi(file, catalog);

    expect(document.links.get(7)?.targetInput).toBe('vae');
    expect(writeUi(document, catalog)['links']).toEqual([[7, 4, 0, 2, 1, 'VAE']]);
  });

  it('rejects what is no workflow', () => {
    expect(() => openJson({ hello: 1 }, catalog)).toThrow(/not a workflow/);
    expect(() => openJson({ templates: [] }, catalog)).toThrow(/node templates/);
    expect(() => openJson('text', catalog)).toThrow(/not a workflow/);
  });
});

describe('widget values', () => {
  const sampler = (values: Json, named?: Json): JsonObject => ({
    nodes: [{ id: 1, type: 'SampleVideo', pos: [0, 0], widgets_values: values, ...(named !== undefined && { widgets_values_named: named }) }],
    links: [],
  });
  const valuesOf = (json: Json) => readUi(json, catalog).document.nodes.get('1')?.values;

  it('are named by position, with the control entry after the seed', () => {
    expect(valuesOf(sampler([7, 'increment', 30, 4.5, 2]))).toMatchObject({ seed: 7, control_after_generate: 'increment', steps: 30, cfg: 4.5, shift: 2 });
  });

  it('do not shift when the control entry is missing', () => {
    expect(valuesOf(sampler([7, 30, 4.5, 2]))).toMatchObject({ seed: 7, control_after_generate: 'fixed', steps: 30, cfg: 4.5, shift: 2 });
  });

  it('are taken by name where the file has names', () => {
    expect(valuesOf(sampler([1, 'fixed', 2, 3, 4], { steps: 50, seed: 9 }))).toMatchObject({ seed: 9, steps: 50, cfg: 3 });
  });

  it('are not corrected on loading, even out of range', () => {
    expect(valuesOf(sampler([7, 'fixed', 100000, -3, 2]))).toMatchObject({ steps: 100000, cfg: -3 });
  });

  it('are written both by position and by name', () => {
    const document = apply(documentOf('SampleVideo'), setValue('1', 'steps', 33));

    const node = nodeOf(writeUi(document, catalog), 1);

    expect(node['widgets_values']).toEqual([0, 'randomize', 33, 4, 3, ...Object.values(node['widgets_values_named'] as JsonObject).slice(5)]);
    expect(node['widgets_values_named']).toMatchObject({ seed: 0, steps: 33, control_after_generate: 'randomize' });
  });
});

describe('the API form', () => {
  it('keeps unknown keys of nodes and their meta through a document', () => {
    const prompt = {
      '3': { class_type: 'LoadVAE', inputs: { file: 'a', future: [1, 2, 3] }, is_changed: ['abc'], _meta: { title: 'Mine', colour: 'red' } },
      '12:5': { class_type: 'DecodeVAE', inputs: { vae: ['3', 0] } },
    };

    const { document } = readApiDocument(prompt, catalog);
    const back = toPrompt(document, catalog).prompt;

    expect(back['3']).toMatchObject({ class_type: 'LoadVAE', is_changed: ['abc'], _meta: { title: 'Mine', colour: 'red' } });
    expect(back['3']?.inputs).toEqual({ file: 'a', future: { __value__: [1, 2, 3] } });
    expect(back['12:5']?.inputs).toMatchObject({ vae: ['3', 0] });
  });

  it('comes back the same through the UI form', () => {
    const prompt = readApi(fixture('dvd-quant.api.json'));
    const { document, warnings } = readApiDocument(prompt, catalog);

    const reopened = readUi(writeUi(document, catalog), catalog).document;

    expect(warnings).toEqual([]);
    expect(toPrompt(reopened, catalog).prompt).toEqual(prompt);
  });

  it('is laid out so that wires lead to the right and no two nodes overlap', () => {
    const { document } = readApiDocument(fixture('dvd-quant.api.json'), catalog);

    for (const link of document.links.values()) {
      expect(document.nodes.get(link.source)!.position.x).toBeLessThan(document.nodes.get(link.target)!.position.x);
    }
    const column = (id: string) => document.nodes.get(id)!.position.x;
    expect(column('1')).toBe(column('2'));
    const places = [...document.nodes.values()].map((node) => `${node.position.x},${node.position.y}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it('fixes seeds, so that opening a result reproduces it', () => {
    const { document } = readApiDocument(fixture('dvd-quant.api.json'), catalog);

    expect(document.nodes.get('10')?.values).toMatchObject({ seed: 7, control_after_generate: 'fixed' });
  });

  it('opens with placeholders for unknown nodes that keep their links', () => {
    const { document } = readApiDocument({ '1': { class_type: 'Alien', inputs: {} }, '2': { class_type: 'DecodeVAE', inputs: { latent: ['1', 2] } } }, catalog);

    expect(document.nodes.get('1')?.outputs).toHaveLength(3);
    expect([...document.links.values()]).toMatchObject([{ source: '1', sourceSlot: 2, target: '2', targetInput: 'latent' }]);
  });
});

describe('lenient parsing', () => {
  it('reads the bare NaN of Python as null, but not inside of strings', () => {
    expect(parseJson('{"a": NaN, "b": [-Infinity, "NaN, \\" Infinity"]}')).toEqual({ a: null, b: [null, 'NaN, " Infinity'] });
  });

  it('says that a text is not JSON', () => {
    expect(() => parseJson('{"a": ')).toThrow(/Not valid JSON/);
  });
});

