import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../../src/workflow/open';
import { readWorkflowMetadata } from '../../src/workflow/metadata/metadata';
import { toPrompt } from '../../src/workflow/toPrompt';
import { encodePng } from '../mock/png';
import { catalog, fixture, fixtureBytes } from '../fixtures';

const WORKFLOW = JSON.stringify({ nodes: [], links: [], title: 'Grüße, δ' });
const PROMPT = JSON.stringify({ '1': { class_type: 'LoadVAE', inputs: {} } });
const escaped = (json: string) => json.replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const little = (value: number, width: 2 | 4) => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntLE(value, 0, width);
  return bytes;
};
const png = (...extra: { type: string; data: Uint8Array }[]) => encodePng(2, 2, () => [1, 2, 3], extra);

async function texts(bytes: Uint8Array) {
  const found = await readWorkflowMetadata(bytes);
  if (found === 'not media') {
    throw new TypeError('The bytes were not taken for a medium');
  }
  return { workflow: found.workflow === undefined ? undefined : (JSON.parse(found.workflow) as unknown), prompt: found.prompt === undefined ? undefined : (JSON.parse(found.prompt) as unknown) };
}

const both = { workflow: JSON.parse(WORKFLOW) as unknown, prompt: JSON.parse(PROMPT) as unknown };

describe('PNG', () => {
  it('carries tEXt in Latin-1 with escapes', async () => {
    const bytes = png({ type: 'tEXt', data: latin1(`prompt\0${PROMPT}`) }, { type: 'tEXt', data: latin1(`workflow\0${escaped(WORKFLOW)}`) });

    expect(await texts(bytes)).toEqual(both);
  });

  it('carries iTXt, plain and deflated, in UTF-8', async () => {
    const plain = Buffer.concat([latin1('workflow\0'), Buffer.from([0, 0]), latin1('de\0'), utf8('Ablauf\0'), utf8(WORKFLOW)]);
    const packed = Buffer.concat([latin1('prompt\0'), Buffer.from([1, 0]), latin1('\0\0'), deflateSync(utf8(PROMPT))]);

    expect(await texts(png({ type: 'iTXt', data: plain }, { type: 'iTXt', data: packed }))).toEqual(both);
  });

  it('carries the comf chunk of animations', async () => {
    expect(await texts(png({ type: 'comf', data: utf8(`workflow\0${WORKFLOW}`) }, { type: 'zTXt', data: Buffer.concat([latin1('prompt\0\0'), deflateSync(utf8(PROMPT))]) }))).toEqual(both);
  });

  it('carries nothing when it is cut or its compressed text is broken', async () => {
    const whole = png({ type: 'iTXt', data: Buffer.concat([latin1('workflow\0'), Buffer.from([1, 0, 0, 0]), Buffer.from([1, 2, 3])]) });

    expect(await texts(whole)).toEqual({ workflow: undefined, prompt: undefined });
    expect(await texts(whole.subarray(0, 40))).toEqual({ workflow: undefined, prompt: undefined });
  });
});

describe('WebP', () => {
  /** An EXIF block of ASCII tags. */
  function exif(tags: readonly [number, string][]): Buffer {
    const entries: Buffer[] = [];
    const values: Buffer[] = [];
    let offset = 8 + 2 + tags.length * 12 + 4;
    for (const [tag, text] of tags) {
      const value = utf8(`${text}\0`);
      entries.push(Buffer.concat([little(tag, 2), little(2, 2), little(value.length, 4), little(offset, 4)]));
      values.push(value);
      offset += value.length;
    }
    return Buffer.concat([latin1('II*\0'), little(8, 4), little(tags.length, 2), ...entries, little(0, 4), ...values]);
  }

  function webp(block: Buffer): Buffer {
    const chunk = (type: string, data: Buffer) => Buffer.concat([latin1(type), little(data.length, 4), data, Buffer.alloc(data.length % 2)]);
    const body = Buffer.concat([latin1('WEBP'), chunk('VP8X', Buffer.alloc(10)), chunk('ANIM', Buffer.alloc(7)), chunk('EXIF', block)]);
    return Buffer.concat([latin1('RIFF'), little(body.length, 4), body]);
  }

  it('carries both texts in the Model and Make tags of its EXIF chunk', async () => {
    const block = exif([[0x010f, `workflow:${WORKFLOW}`], [0x0110, `prompt:${PROMPT}`]]);

    expect(await texts(webp(block))).toEqual(both);
    expect(await texts(webp(Buffer.concat([latin1('Exif\0\0'), block])))).toEqual(both);
  });

  it('carries them under capitalised names and with offsets that lie past the end not at all', async () => {
    expect(await texts(webp(exif([[0x010f, `Workflow:${WORKFLOW}`], [0x0110, `Prompt:${PROMPT}`]])))).toEqual(both);
    const broken = exif([[0x010f, `workflow:${WORKFLOW}`]]);
    broken.writeUInt32LE(0xfffffff0, 18);
    expect(await texts(webp(broken))).toEqual({ workflow: undefined, prompt: undefined });
  });
});

describe('MP4', () => {
  const box = (type: string | Buffer, ...content: readonly Uint8Array[]) => {
    const body = Buffer.concat(content);
    return Buffer.concat([u32(body.length + 8), typeof type === 'string' ? latin1(type) : type, body]);
  };
  const meta = (version: Buffer) => {
    const keys = box('keys', u32(0), u32(2), box('mdta', utf8('prompt')), box('mdta', utf8('workflow')));
    const item = (index: number, text: string) => box(u32(index), box('data', u32(1), u32(0), utf8(text)));
    return box('meta', version, box('hdlr', Buffer.alloc(25)), keys, box('ilst', item(1, PROMPT), item(2, WORKFLOW)));
  };
  const file = (moov: Buffer) => Buffer.concat([box('ftyp', latin1('isomiso2')), box('mdat', Buffer.alloc(50)), moov]);

  it('carries keys and values in moov/udta/meta', async () => {
    expect(await texts(file(box('moov', box('mvhd', Buffer.alloc(8)), box('udta', meta(u32(0))))))).toEqual(both);
  });

  it('carries them in moov/meta, and without a version as QuickTime writes it', async () => {
    expect(await texts(file(box('moov', meta(u32(0)))))).toEqual(both);
    expect(await texts(file(box('moov', box('udta', meta(Buffer.alloc(0))))))).toEqual(both);
  });

  it('carries nothing when a box claims more than there is', async () => {
    const bytes = file(box('moov', box('udta', meta(u32(0)))));
    bytes.writeUInt32BE(0x7fffffff, 16);

    expect(await texts(bytes)).toEqual({ workflow: undefined, prompt: undefined });
  });

  it('written by FFmpeg opens as the workflow it was made by', async () => {
    const { document, warnings } = await openBytes(fixtureBytes('clip.mp4'), catalog);

    expect(warnings).toEqual([]);
    expect(toPrompt(document, catalog).prompt).toEqual(fixture('dvd-quant.api.json'));
  });
});

describe('WebM', () => {
  it('written by FFmpeg carries simple tags', async () => {
    expect(await texts(fixtureBytes('tagged.webm'))).toEqual({
      workflow: { nodes: [], links: [], made_by: 'ffmpeg' },
      prompt: { '1': { class_type: 'LoadDiT', inputs: {} } },
    });
  });

  it('carries them in a segment of unknown size, and nothing when it is cut', async () => {
    const size = (length: number) => Buffer.from([0x40 | (length >> 8), length & 0xff]);
    const element = (id: number[], data: Buffer) => Buffer.concat([Buffer.from(id), size(data.length), data]);
    const simple = (name: string, text: string) => element([0x67, 0xc8], Buffer.concat([element([0x45, 0xa3], utf8(name)), element([0x44, 0x87], utf8(text))]));
    const tags = element([0x12, 0x54, 0xc3, 0x67], element([0x73, 0x73], Buffer.concat([simple('WORKFLOW', WORKFLOW), simple('PROMPT', PROMPT)])));
    const head = Buffer.concat([element([0x1a, 0x45, 0xdf, 0xa3], Buffer.alloc(3)), Buffer.from([0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255])]);

    expect(await texts(Buffer.concat([head, tags]))).toEqual(both);
    expect(await texts(head.subarray(0, 9))).toEqual({ workflow: undefined, prompt: undefined });
  });
});

describe('GIF', () => {
  const comment = (text: string) => {
    const data = utf8(text);
    const blocks: Buffer[] = [];
    for (let at = 0; at < data.length; at += 255) {
      const part = data.subarray(at, at + 255);
      blocks.push(Buffer.from([part.length]), part);
    }
    return Buffer.concat([Buffer.from([0x21, 0xfe]), ...blocks, Buffer.from([0])]);
  };
  const image = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  const gif = (...parts: Buffer[]) => Buffer.concat([latin1('GIF89a'), Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]), image, ...parts, Buffer.from([0x3b])]);

  it('carries one comment per key, longer than a block', async () => {
    const long = JSON.stringify({ ...(JSON.parse(WORKFLOW) as object), pad: 'x'.repeat(600) });

    const found = await texts(gif(comment('made by hand'), comment(`prompt:${PROMPT}`), comment(`workflow:${long}`)));

    expect(found).toEqual({ prompt: both.prompt, workflow: JSON.parse(long) as unknown });
  });

  it('carries one comment that is an object of both', async () => {
    expect(await texts(gif(comment(JSON.stringify(both))))).toEqual(both);
  });
});

describe('opening bytes', () => {
  it('takes text for JSON and rejects media without a workflow by saying so', async () => {
    expect((await openBytes(utf8(PROMPT), catalog)).document.nodes.size).toBe(1);
    await expect(openBytes(png(), catalog)).rejects.toThrow('This file carries no workflow.');
    await expect(openBytes(utf8('hello'), catalog)).rejects.toThrow(/Not valid JSON/);
  });

  it('falls back on the prompt when there is no workflow', async () => {
    const { document } = await openBytes(png({ type: 'tEXt', data: latin1(`prompt\0${PROMPT}`) }), catalog);

    expect(document.nodes.get('1')?.type).toBe('LoadVAE');
  });
});
