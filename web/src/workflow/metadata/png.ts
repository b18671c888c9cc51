import { type Bytes, inflate, type Texts } from './bytes';

export function isPng(file: Bytes): boolean {
  return file.length > 8 && file.u32(0) === 0x89504e47 && file.u32(4) === 0x0d0a1a0a;
}

/** Texts of a PNG or APNG: `tEXt`, `zTXt`, `iTXt` (also compressed) and the private `comf` chunk of animations. */
export async function readPng(file: Bytes): Promise<Texts> {
  const texts: Texts = new Map();
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.u32(at);
    const type = file.latin1(at + 4, at + 8);
    if (type === 'IEND' || at + 12 + length > file.length) {
      break;
    }
    const [key, text] = (await readChunk(type, file.slice(at + 8, at + 8 + length))) ?? [];
    if (key !== undefined && text !== undefined) {
      texts.set(key.toLowerCase(), text);
    }
    at += 12 + length;
  }
  return texts;
}

async function readChunk(type: string, chunk: Bytes): Promise<[string, string] | undefined> {
  const keyEnd = chunk.zero(0);
  const key = chunk.latin1(0, keyEnd);
  switch (type) {
    case 'tEXt':
      return [key, chunk.latin1(keyEnd + 1, chunk.length)];
    case 'comf':
      return [key, chunk.utf8(keyEnd + 1, chunk.length)];
    case 'zTXt':
      return [key, decode(await inflate(chunk.data.subarray(keyEnd + 2)))];
    case 'iTXt': {
      const compressed = chunk.u8(keyEnd + 1) === 1;
      const languageEnd = chunk.zero(keyEnd + 3);
      const text = chunk.data.subarray(chunk.zero(languageEnd + 1) + 1);
      return [key, decode(compressed ? await inflate(text) : text)];
    }
    default:
      return undefined;
  }
}

function decode(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}
