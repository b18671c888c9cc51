import { Bytes, type Texts } from './bytes';

const ASCII = 2;
const EXIF_HEADER = 'Exif\0\0';

export function isWebp(file: Bytes): boolean {
  return file.length > 12 && file.latin1(0, 4) === 'RIFF' && file.latin1(8, 12) === 'WEBP';
}

/** Texts in the EXIF chunk of a WebP: each ASCII tag reads `key:text`. */
export function readWebp(file: Bytes): Texts {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.u32(at + 4, true);
    if (file.latin1(at, at + 4) === 'EXIF') {
      const end = Math.min(file.length, at + 8 + length);
      const start = file.latin1(at + 8, at + 14) === EXIF_HEADER ? at + 14 : at + 8;
      return readTiff(file.slice(start, end));
    }
    at += 8 + length + (length % 2);
  }
  return new Map();
}

/** The ASCII tags of the first image directory of a TIFF block, split at their first colon. */
function readTiff(tiff: Bytes): Texts {
  const texts: Texts = new Map();
  const little = tiff.latin1(0, 2) === 'II';
  const directory = tiff.u32(4, little);
  const count = tiff.u16(directory, little);
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + index * 12;
    if (tiff.u16(entry + 2, little) !== ASCII) {
      continue;
    }
    const length = tiff.u32(entry + 4, little);
    const start = length <= 4 ? entry + 8 : tiff.u32(entry + 8, little);
    const text = new Bytes(tiff.slice(start, start + length).data);
    const value = text.utf8(0, text.zero(0));
    const colon = value.indexOf(':');
    if (colon > 0) {
      texts.set(value.slice(0, colon).toLowerCase(), value.slice(colon + 1));
    }
  }
  return texts;
}
