import type { Bytes, Texts } from './bytes';

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TAGS = 0x1254c367;
const TAG = 0x7373;
const SIMPLE_TAG = 0x67c8;
const TAG_NAME = 0x45a3;
const TAG_STRING = 0x4487;

export function isWebm(file: Bytes): boolean {
  return file.length > 4 && file.u32(0) === EBML;
}

type Element = { readonly id: number; readonly content: Bytes };

/** Length in bytes of the variable-size number that starts with this byte. */
function width(first: number): number {
  return Math.clz32(first) - 23;
}

/** The elements laid end to end in `bytes`; one of unknown or excessive size reaches to the end. */
function* elements(bytes: Bytes): Generator<Element> {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const idWidth = width(bytes.u8(at));
    if (idWidth > 4 || at + idWidth >= bytes.length) {
      return;
    }
    const id = number(bytes, at, idWidth, 0xff);
    const sizeAt = at + idWidth;
    const sizeWidth = width(bytes.u8(sizeAt));
    if (sizeWidth > 8 || sizeAt + sizeWidth > bytes.length) {
      return;
    }
    const start = sizeAt + sizeWidth;
    const size = number(bytes, sizeAt, sizeWidth, 0xff >> sizeWidth);
    const end = isUnknown(bytes, sizeAt, sizeWidth) ? bytes.length : Math.min(bytes.length, start + size);
    yield { id, content: bytes.slice(start, end) };
    at = end;
  }
}

/** A big-endian number whose first byte counts only with the bits of `firstMask`. */
function number(bytes: Bytes, at: number, length: number, firstMask: number): number {
  let value = bytes.u8(at) & firstMask;
  for (let index = 1; index < length; index++) {
    value = value * 256 + bytes.u8(at + index);
  }
  return value;
}

/** A size of nothing but ones stands for "not known when this was written". */
function isUnknown(bytes: Bytes, at: number, length: number): boolean {
  const mask = 0xff >> length;
  const rest = Array.from({ length: length - 1 }, (_, index) => bytes.u8(at + 1 + index));
  return (bytes.u8(at) & mask) === mask && rest.every((byte) => byte === 0xff);
}

/** Texts of the simple tags of a WebM or Matroska file, which writers give upper-case names. */
export function readWebm(file: Bytes): Texts {
  const texts: Texts = new Map();
  for (const segment of elements(file)) {
    if (segment.id !== SEGMENT) {
      continue;
    }
    for (const tags of elements(segment.content)) {
      if (tags.id === TAGS) {
        readTags(tags.content, texts);
      }
    }
  }
  return texts;
}

function readTags(tags: Bytes, texts: Texts): void {
  for (const tag of elements(tags)) {
    if (tag.id !== TAG) {
      continue;
    }
    for (const simple of elements(tag.content)) {
      if (simple.id !== SIMPLE_TAG) {
        continue;
      }
      const parts = new Map([...elements(simple.content)].map((part) => [part.id, part.content]));
      const name = parts.get(TAG_NAME);
      const text = parts.get(TAG_STRING);
      if (name && text) {
        texts.set(clean(name).toLowerCase(), clean(text));
      }
    }
  }
}

function clean(bytes: Bytes): string {
  return bytes.utf8(0, bytes.zero(0));
}
