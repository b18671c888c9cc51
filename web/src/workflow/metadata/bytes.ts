/** Texts found in a media file, by lower-case key. */
export type Texts = Map<string, string>;

/** A cursor-free view of bytes; reads past the end throw `RangeError`, which readers turn into "nothing more here". */
export class Bytes {
  private readonly view: DataView;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.data.length;
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number, littleEndian = false): number {
    return this.view.getUint16(at, littleEndian);
  }

  u32(at: number, littleEndian = false): number {
    return this.view.getUint32(at, littleEndian);
  }

  /** A 64-bit length; anything beyond 2^53 is certainly beyond the file. */
  u64(at: number): number {
    return this.view.getUint32(at) * 2 ** 32 + this.view.getUint32(at + 4);
  }

  latin1(from: number, to: number): string {
    let text = '';
    for (const byte of this.data.subarray(from, to)) {
      text += String.fromCharCode(byte);
    }
    return text;
  }

  utf8(from: number, to: number): string {
    return new TextDecoder().decode(this.data.subarray(from, to));
  }

  slice(from: number, to: number): Bytes {
    if (from < 0 || to > this.length || from > to) {
      throw new RangeError(`Bytes ${from} to ${to} lie outside of ${this.length}`);
    }
    return new Bytes(this.data.subarray(from, to));
  }

  /** Index of a zero byte at or after `from`, or the end. */
  zero(from: number): number {
    const at = this.data.indexOf(0, from);
    return at < 0 ? this.length : at;
  }
}

const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** Inflates a zlib stream, refusing to grow beyond 64 MiB. A damaged stream is a `RangeError` too. */
export async function inflate(data: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflateAll(data);
  } catch (error) {
    throw new RangeError('A compressed text cannot be inflated', { cause: error });
  }
}

async function inflateAll(data: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([data as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate'));
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_INFLATED_BYTES) {
      throw new RangeError('A compressed text is larger than 64 MiB');
    }
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
