import type { Bytes, Texts } from './bytes';
import { isObject, parseJson } from '../json';

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const COMMENT = 0xfe;

export function isGif(file: Bytes): boolean {
  return file.length > 13 && file.latin1(0, 4) === 'GIF8';
}

/**
 * Texts in the comments of a GIF.
 *
 * A comment is either `key:text` (one of `workflow`, `prompt`) or one JSON object with those keys.
 */
export function readGif(file: Bytes): Texts {
  const texts: Texts = new Map();
  const packed = file.u8(10);
  let at = 13 + colourTable(packed);
  while (at < file.length) {
    const kind = file.u8(at);
    if (kind === EXTENSION) {
      const { end, data } = subBlocks(file, at + 2);
      if (file.u8(at + 1) === COMMENT) {
        readComment(new TextDecoder().decode(data), texts);
      }
      at = end;
    } else if (kind === IMAGE) {
      at = subBlocks(file, at + 11 + colourTable(file.u8(at + 9))).end;
    } else {
      break;
    }
  }
  return texts;
}

function colourTable(packed: number): number {
  return (packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1);
}

function subBlocks(file: Bytes, start: number): { end: number; data: Uint8Array } {
  const parts: number[] = [];
  let at = start;
  for (let size = file.u8(at); size !== 0; size = file.u8(at)) {
    for (const byte of file.slice(at + 1, at + 1 + size).data) {
      parts.push(byte);
    }
    at += 1 + size;
  }
  return { end: at + 1, data: Uint8Array.from(parts) };
}

function readComment(comment: string, texts: Texts): void {
  const keyed = /^\s*(workflow|prompt)\s*[:=]\s*/i.exec(comment);
  if (keyed?.[1] !== undefined) {
    texts.set(keyed[1].toLowerCase(), comment.slice(keyed[0].length));
    return;
  }
  if (!comment.trimStart().startsWith('{')) {
    return;
  }
  const json = parseJson(comment);
  for (const key of ['workflow', 'prompt']) {
    const value = isObject(json) ? json[key] : undefined;
    if (value !== undefined && value !== null) {
      texts.set(key, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }
}
