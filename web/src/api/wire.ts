import type { ApiPrompt } from '../workflow/api';
import { isArray, isObject, type Json, type JsonObject, numberOr, stringOr } from '../workflow/json';

/** A file the server can show: the arguments of `/view`. */
export type FileRef = { readonly filename: string; readonly subfolder: string; readonly type: string; readonly format?: string };

/** What a node put on display, by kind. */
export type NodeOutput = {
  readonly images: readonly FileRef[];
  readonly videos: readonly FileRef[];
  readonly audio: readonly FileRef[];
  readonly files: readonly FileRef[];
  readonly text: readonly string[];
  /** Any other list a node sends, by its key. */
  readonly other: JsonObject;
};

export type NodeProgress = { readonly node: string; readonly value: number; readonly max: number; readonly state: 'running' | 'finished' | 'error' };

/** Messages of `/ws`, one case per `type`; what we do not know is `unknown`. */
export type ServerEvent =
  | { readonly type: 'status'; readonly queueRemaining: number; readonly sid?: string }
  | { readonly type: 'execution_start'; readonly promptId: string; readonly timestamp: number }
  | { readonly type: 'execution_cached'; readonly promptId: string; readonly nodes: readonly string[] }
  | { readonly type: 'executing'; readonly promptId: string; readonly node: string | null }
  | { readonly type: 'progress'; readonly promptId: string; readonly node: string; readonly value: number; readonly max: number }
  | { readonly type: 'progress_state'; readonly promptId: string; readonly nodes: readonly NodeProgress[] }
  | { readonly type: 'executed'; readonly promptId: string; readonly node: string; readonly output: NodeOutput }
  | { readonly type: 'execution_success'; readonly promptId: string; readonly timestamp: number }
  | { readonly type: 'execution_interrupted'; readonly promptId: string; readonly timestamp: number }
  | { readonly type: 'execution_error'; readonly promptId: string; readonly error: ExecutionError; readonly timestamp: number }
  | { readonly type: 'preview'; readonly node?: string; readonly mime: string; readonly image: Uint8Array }
  | { readonly type: 'text'; readonly node: string; readonly text: string }
  | { readonly type: 'unknown'; readonly name: string };

export type ExecutionError = {
  readonly node: string;
  readonly nodeType: string;
  readonly input?: string;
  readonly message: string;
  readonly exception: string;
  readonly traceback: readonly string[];
};

/** One complaint of the validator about one node, and one input where it names one. */
export type NodeError = { readonly node: string; readonly nodeType: string; readonly input?: string; readonly message: string; readonly details: string };

export type QueueItem = { readonly number: number; readonly promptId: string; readonly prompt: ApiPrompt; readonly workflow?: Json };
export type Queue = { readonly running: readonly QueueItem[]; readonly pending: readonly QueueItem[] };

export type HistoryEntry = {
  readonly item: QueueItem;
  readonly status: 'success' | 'error' | 'interrupted';
  readonly outputs: ReadonlyMap<string, NodeOutput>;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: ExecutionError;
};

const VIDEO = /\.(mp4|webm|mov|mkv|m4v)$/i;
const IMAGE = /\.(png|jpe?g|webp|gif|avif|bmp|svg)$/i;
const AUDIO = /\.(wav|flac|mp3|ogg|opus)$/i;

/** Sorts the `ui` dictionary of a node: files go by their extension, since `gifs` and `images` may hold videos. */
export function parseOutput(ui: Json | undefined): NodeOutput {
  const files: FileRef[] = [];
  const text: string[] = [];
  const other: Record<string, Json> = {};
  for (const [key, value] of Object.entries(isObject(ui) ? ui : {})) {
    const list = isArray(value) ? value : [value];
    const refs = list.map(fileRef).filter((ref) => ref !== undefined);
    if (refs.length > 0) {
      files.push(...refs);
    } else if (key === 'text' || key === 'string') {
      text.push(...list.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry))));
    } else if (key !== 'animated') {
      other[key] = value;
    }
  }
  const named = (pattern: RegExp) => files.filter((ref) => pattern.test(ref.filename));
  return {
    videos: named(VIDEO),
    images: named(IMAGE),
    audio: named(AUDIO),
    files: files.filter((ref) => ![VIDEO, IMAGE, AUDIO].some((pattern) => pattern.test(ref.filename))),
    text,
    other,
  };
}

function fileRef(value: Json): FileRef | undefined {
  if (!isObject(value) || typeof value['filename'] !== 'string') {
    return undefined;
  }
  return {
    filename: value['filename'],
    subfolder: stringOr(value['subfolder'], ''),
    type: stringOr(value['type'], 'output'),
    ...(typeof value['format'] === 'string' && { format: value['format'] }),
  };
}

/** Reads a text message of `/ws`. */
export function parseEvent(message: Json): ServerEvent {
  const { type = '', data: body = {} } = isObject(message) ? message : {};
  const data = isObject(body) ? body : {};
  const promptId = stringOr(data['prompt_id'], '');
  const node = stringOr(data['display_node'], '') || stringOr(data['node'], '') || stringOr(data['node_id'], '');
  const timestamp = numberOr(data['timestamp'], Date.now());
  switch (type) {
    case 'status':
      return statusEvent(data);
    case 'execution_start':
    case 'execution_success':
    case 'execution_interrupted':
      return { type, promptId, timestamp };
    case 'execution_cached':
      return { type, promptId, nodes: isArray(data['nodes']) ? data['nodes'].map(String) : [] };
    case 'executing':
      return { type, promptId, node: data['node'] === null || node === '' ? null : node };
    case 'progress':
      return { type, promptId, node, value: numberOr(data['value'], 0), max: numberOr(data['max'], 1) };
    case 'progress_state':
      return { type, promptId, nodes: progressStates(data['nodes']) };
    case 'executed':
      return { type, promptId, node, output: parseOutput(data['output']) };
    case 'execution_error':
      return { type, promptId, error: executionError(data), timestamp };
    default:
      return { type: 'unknown', name: stringOr(type, '?') };
  }
}

function statusEvent(data: JsonObject): ServerEvent {
  const status = isObject(data['status']) ? data['status'] : {};
  const info = isObject(status['exec_info']) ? status['exec_info'] : {};
  const sid = data['sid'];
  return { type: 'status', queueRemaining: numberOr(info['queue_remaining'], 0), ...(typeof sid === 'string' && { sid }) };
}

function progressStates(nodes: Json | undefined): NodeProgress[] {
  return Object.entries(isObject(nodes) ? nodes : {}).map(([id, entry]) => {
    const state = isObject(entry) ? entry : {};
    const name = state['state'];
    return {
      node: stringOr(state['display_node_id'], '') || id,
      value: numberOr(state['value'], 0),
      max: numberOr(state['max'], 1),
      state: name === 'finished' || name === 'error' ? name : 'running',
    };
  });
}

export function executionError(data: JsonObject): ExecutionError {
  const traceback = isArray(data['traceback']) ? data['traceback'].filter((line) => typeof line === 'string') : [];
  const extra = isObject(data['extra_info']) ? data['extra_info'] : {};
  const input = stringOr(data['input_name'], '') || stringOr(extra['input_name'], '');
  return {
    node: stringOr(data['node_id'], ''),
    nodeType: stringOr(data['node_type'], ''),
    ...(input !== '' && { input }),
    message: withoutInput(stringOr(data['exception_message'], 'The node failed.').trim(), input),
    exception: stringOr(data['exception_type'], ''),
    traceback,
  };
}

/** The complaints in `node_errors` of a reply to `/prompt`. */
export function parseNodeErrors(nodeErrors: Json | undefined): NodeError[] {
  return Object.entries(isObject(nodeErrors) ? nodeErrors : {}).flatMap(([node, entry]) => {
    const nodeType = isObject(entry) ? stringOr(entry['class_type'], '') : '';
    const errors = isObject(entry) && isArray(entry['errors']) ? entry['errors'].filter(isObject) : [];
    return errors.map((error) => {
      const extra = isObject(error['extra_info']) ? error['extra_info'] : {};
      const input = stringOr(extra['input_name'], '');
      return {
        node,
        nodeType,
        ...(input !== '' && { input }),
        message: stringOr(error['message'], 'Invalid'),
        details: stringOr(error['details'], ''),
      };
    });
  });
}

/** The input is named beside the message already. */
function withoutInput(message: string, input: string): string {
  const prefix = `input '${input}': `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}
