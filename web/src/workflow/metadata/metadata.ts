import { FormatError } from '../json';
import { Bytes, type Texts } from './bytes';
import { isGif, readGif } from './gif';
import { isMp4, readMp4 } from './mp4';
import { isPng, readPng } from './png';
import { isWebm, readWebm } from './webm';
import { isWebp, readWebp } from './webp';

/** The JSON texts a media file carries: the UI workflow and the API prompt it was made by. */
export type WorkflowMetadata = { readonly workflow?: string; readonly prompt?: string };

type Reader = { readonly accepts: (file: Bytes) => boolean; readonly read: (file: Bytes) => Texts | Promise<Texts> };

const READERS: readonly Reader[] = [
  { accepts: isPng, read: readPng },
  { accepts: isWebp, read: readWebp },
  { accepts: isMp4, read: readMp4 },
  { accepts: isWebm, read: readWebm },
  { accepts: isGif, read: readGif },
];

/**
 * Finds the workflow in an image or a video, whatever its name says.
 *
 * A damaged file carries nothing; bytes of no known medium yield `'not media'`.
 */
export async function readWorkflowMetadata(bytes: Uint8Array): Promise<WorkflowMetadata | 'not media'> {
  const file = new Bytes(bytes);
  const reader = READERS.find((candidate) => candidate.accepts(file));
  if (!reader) {
    return 'not media';
  }
  const texts = await readOrNothing(reader, file);
  const workflow = texts.get('workflow');
  const prompt = texts.get('prompt');
  return { ...(workflow !== undefined && { workflow }), ...(prompt !== undefined && { prompt }) };
}

async function readOrNothing(reader: Reader, file: Bytes): Promise<Texts> {
  try {
    return await reader.read(file);
  } catch (error) {
    if (error instanceof RangeError || error instanceof FormatError) {
      return new Map();
    }
    throw error;
  }
}
