import type { Bytes, Texts } from './bytes';

const UTF8_TYPE = 1;

export function isMp4(file: Bytes): boolean {
  return file.length > 12 && file.latin1(4, 8) === 'ftyp';
}

type Box = { readonly type: string; readonly content: Bytes };

/** The boxes laid end to end in `bytes`; a box that claims more than there is ends the list. */
function* boxes(bytes: Bytes): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const short = bytes.u32(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 0 ? bytes.length - at : short === 1 ? bytes.u64(at + 8) : short;
    if (size < header || at + size > bytes.length) {
      return;
    }
    yield { type: bytes.latin1(at + 4, at + 8), content: bytes.slice(at + header, at + size) };
    at += size;
  }
}

function child(bytes: Bytes, type: string): Bytes | undefined {
  for (const box of boxes(bytes)) {
    if (box.type === type) {
      return box.content;
    }
  }
  return undefined;
}

/** Texts of `moov/udta/meta` or `moov/meta`: names in `keys`, values in `ilst`; four-letter iTunes names too. */
export function readMp4(file: Bytes): Texts {
  const moov = child(file, 'moov');
  const udta = moov && child(moov, 'udta');
  const texts: Texts = new Map();
  for (const holder of [udta, moov]) {
    const meta = holder && child(holder, 'meta');
    if (meta) {
      readMeta(metaContent(meta), texts);
    }
  }
  return texts;
}

/** In MP4 `meta` starts with four bytes of version and flags, in QuickTime it does not. */
function metaContent(meta: Bytes): Bytes {
  return meta.length >= 8 && meta.latin1(4, 8) === 'hdlr' ? meta : meta.slice(4, meta.length);
}

function readMeta(meta: Bytes, texts: Texts): void {
  const list = child(meta, 'ilst');
  if (!list) {
    return;
  }
  const names = readKeys(child(meta, 'keys'));
  for (const item of boxes(list)) {
    const index = item.type.charCodeAt(0) * 2 ** 24 + item.type.charCodeAt(1) * 2 ** 16 + item.type.charCodeAt(2) * 256 + item.type.charCodeAt(3);
    const data = child(item.content, 'data');
    if (data && data.length >= 8 && (data.u32(0) & 0xffffff) === UTF8_TYPE) {
      texts.set((names[index - 1] ?? item.type).toLowerCase(), data.utf8(8, data.length));
    }
  }
}

function readKeys(keys: Bytes | undefined): string[] {
  const names: string[] = [];
  for (let at = 8; keys && at + 8 <= keys.length; ) {
    const size = keys.u32(at);
    if (size < 8) {
      break;
    }
    names.push(keys.utf8(at + 8, Math.min(keys.length, at + size)));
    at += size;
  }
  return names;
}
