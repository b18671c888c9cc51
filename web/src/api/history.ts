import { isApiWorkflow } from '../workflow/api';
import { isArray, isObject, type Json, numberOr, stringOr } from '../workflow/json';
import { executionError, type ExecutionError, type HistoryEntry, type NodeOutput, parseOutput, type Queue, type QueueItem } from './wire';

/** An item `[number, prompt_id, prompt, extra_data, outputs]` of the queue or the history. */
export function parseItem(json: Json | undefined): QueueItem | undefined {
  if (!isArray(json)) {
    return undefined;
  }
  const [number, promptId, prompt, extra] = json;
  const info = isObject(extra) && isObject(extra['extra_pnginfo']) ? extra['extra_pnginfo'] : {};
  const workflow = info['workflow'];
  return {
    number: numberOr(number, 0),
    promptId: stringOr(promptId, ''),
    prompt: prompt !== undefined && isApiWorkflow(prompt) ? prompt : {},
    ...(workflow !== undefined && { workflow }),
  };
}

export function parseQueue(json: Json): Queue {
  const queue = isObject(json) ? json : {};
  const items = (value: Json | undefined) => (isArray(value) ? value.map(parseItem).filter((item) => item !== undefined) : []);
  const pending = items(queue['queue_pending']).sort((a, b) => a.number - b.number);
  return { running: items(queue['queue_running']), pending };
}

/** The reply of `/history`, newest first. */
export function parseHistory(json: Json): HistoryEntry[] {
  return Object.entries(isObject(json) ? json : {})
    .map(([promptId, entry]) => parseEntry(promptId, entry))
    .filter((entry) => entry !== undefined)
    .reverse();
}

function parseEntry(promptId: string, json: Json): HistoryEntry | undefined {
  if (!isObject(json)) {
    return undefined;
  }
  const item = parseItem(json['prompt']) ?? { number: 0, promptId, prompt: {} };
  const status = isObject(json['status']) ? json['status'] : {};
  const messages = readMessages(status['messages']);
  const startedAt = messages.get('execution_start')?.timestamp;
  const ending = ['execution_success', 'execution_error', 'execution_interrupted'].find((name) => messages.has(name));
  const endedAt = ending === undefined ? undefined : messages.get(ending)?.timestamp;
  const error = messages.get('execution_error')?.error;
  const succeeded = stringOr(status['status_str'], 'success') === 'success';
  return {
    item: { ...item, promptId },
    status: succeeded ? 'success' : ending === 'execution_interrupted' ? 'interrupted' : 'error',
    outputs: readOutputs(json['outputs']),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(error && { error }),
  };
}

export function readOutputs(json: Json | undefined): ReadonlyMap<string, NodeOutput> {
  return new Map(Object.entries(isObject(json) ? json : {}).map(([node, ui]) => [node, parseOutput(ui)]));
}

type Message = { readonly timestamp?: number; readonly error?: ExecutionError };

function readMessages(json: Json | undefined): ReadonlyMap<string, Message> {
  const messages = new Map<string, Message>();
  for (const entry of isArray(json) ? json : []) {
    const [name, data] = isArray(entry) ? entry : [];
    if (typeof name === 'string' && isObject(data)) {
      const timestamp = data['timestamp'];
      messages.set(name, {
        ...(typeof timestamp === 'number' && { timestamp }),
        ...(name === 'execution_error' && { error: executionError(data) }),
      });
    }
  }
  return messages;
}
