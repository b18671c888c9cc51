import { deflateSync, crc32 } from 'node:zlib';

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc(body), body.length + 4);
  return whole;
}

/** CRC-32 of PNG; `zlib.crc32` exists from Node 20.15 on. */
function crc(data: Uint8Array): number {
  return crc32(data);
}

export type Colour = readonly [number, number, number];

/** An RGB PNG whose pixels a function paints; `extra` chunks go before the picture's data. */
export function encodePng(width: number, height: number, paint: (x: number, y: number) => Colour, extra: readonly { type: string; data: Uint8Array }[] = []): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0, at = 0; y < height; y++) {
    rows[at++] = 0;
    for (let x = 0; x < width; x++) {
      for (const value of paint(x, y)) {
        rows[at++] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...extra.map(({ type, data }) => chunk(type, data)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A circle that comes out of noise as `share` goes from 0 to 1: what a preview of a sampler looks like. */
export function previewFrame(share: number): Buffer {
  const size = 128;
  return encodePng(size, size, (x, y) => {
    const inside = Math.hypot(x - 90 + share * 40, y - 64) < 19;
    const clean: Colour = inside ? [214, 40, 52] : [11, 27, 77];
    const noise = () => (Math.random() - 0.5) * 330 * (1 - share);
    return [clean[0] * share + 110 * (1 - share) + noise(), clean[1] * share + 110 * (1 - share) + noise(), clean[2] * share + 110 * (1 - share) + noise()];
  });
}

/** Bars of 4 and 8 bits under a falling curve, as Bit Timeline draws them. */
export function timelinePlot(): Buffer {
  const [width, height, steps] = [640, 260, 20];
  const curve = (step: number) => 0.1 + 0.8 * Math.exp(-step / 5) + 0.05 * Math.sin(step * 1.7);
  return encodePng(width, height, (x, y) => {
    const step = Math.floor((x / width) * steps);
    const bits = curve(step) > 0.32 || step > 17 ? 8 : 4;
    const onCurve = Math.abs(y - (height - 20 - curve((x / width) * steps) * 200)) < 1.6;
    const inBar = y > height - 20 - bits * 13 && y < height - 20 && x % (width / steps) > 4;
    if (onCurve) {
      return [253, 164, 175];
    }
    return inBar ? (bits === 8 ? [129, 140, 248] : [63, 76, 130]) : [17, 20, 27];
  });
}
