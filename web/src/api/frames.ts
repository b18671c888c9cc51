import { isObject, type Json, stringOr } from '../workflow/json';
import type { ServerEvent } from './wire';

const PREVIEW_IMAGE = 1;
const TEXT = 3;
const PREVIEW_IMAGE_WITH_METADATA = 4;
const JPEG = 1;

/** Reads a binary message of `/ws`: big-endian, its kind in the first four bytes. */
export function parseFrame(buffer: ArrayBuffer): ServerEvent {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  if (buffer.byteLength < 8) {
    return { type: 'unknown', name: 'short frame' };
  }
  const kind = view.getUint32(0);
  const length = view.getUint32(4);
  switch (kind) {
    case PREVIEW_IMAGE:
      return { type: 'preview', mime: length === JPEG ? 'image/jpeg' : 'image/png', image: bytes.subarray(8) };
    case TEXT:
      return { type: 'text', node: decode(bytes.subarray(8, 8 + length)), text: decode(bytes.subarray(8 + length)) };
    case PREVIEW_IMAGE_WITH_METADATA:
      return previewWithMetadata(bytes.subarray(8, 8 + length), bytes.subarray(8 + length));
    default:
      return { type: 'unknown', name: `frame ${kind}` };
  }
}

function previewWithMetadata(header: Uint8Array, image: Uint8Array): ServerEvent {
  const json = JSON.parse(decode(header)) as Json;
  const data = isObject(json) ? json : {};
  const node = stringOr(data['display_node_id'], '') || stringOr(data['node_id'], '');
  return { type: 'preview', mime: stringOr(data['image_type'], 'image/png'), image, ...(node !== '' && { node }) };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
