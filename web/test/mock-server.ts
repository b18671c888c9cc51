import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { type ApiPrompt, isApiWorkflow } from '../src/workflow/api';
import { isObject, type Json, type JsonObject, stringOr } from '../src/workflow/json';
import { objectInfo } from './objectInfo';
import { previewFrame, timelinePlot } from './mock/png';
import { executionOrder, uiOf, validate } from './mock/prompts';

/**
 * Speaks enough of the wire for the canvas to be developed and its journeys to be run without the real server.
 * Port: `PORT`, 8189 if unset. Serves `dist` and the node types of the real server; a run is a play of events.
 */
const here = import.meta.dirname;
const fixtures = join(here, 'fixtures');
const dist = join(here, '..', 'dist');
const port = Number(process.env['PORT'] ?? 8189);
const stepMillis = Number(process.env['STEP_MILLIS'] ?? 90);

const info = objectInfo();
const example = JSON.parse(readFileSync(join(fixtures, 'dvd-quant.json'), 'utf8')) as Json;

type Job = { readonly id: string; readonly number: number; readonly prompt: ApiPrompt; readonly extra: JsonObject; readonly client: string };
const pending: Job[] = [];
const history = new Map<string, JsonObject>();
const sockets = new Map<string, WebSocket>();
let running: Job | undefined;
let interrupted = false;
let counter = 0;
/** Nodes that ran before with the same inputs: they come from the cache. */
let seen = new Set<string>();

/** Puts the keys of objects in order, so that equal nodes have equal texts. */
function inOrder(_: string, value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))) : value;
}

const wait = (millis: number) => new Promise((resume) => setTimeout(resume, millis));

function tell(client: string, type: string, data: JsonObject): void {
  sockets.get(client)?.send(JSON.stringify({ type, data }));
}

function tellStatus(): void {
  const remaining = pending.length + (running ? 1 : 0);
  for (const id of sockets.keys()) {
    tell(id, 'status', { status: { exec_info: { queue_remaining: remaining } } });
  }
}

function item(job: Job): Json[] {
  return [job.number, job.id, job.prompt, job.extra, []];
}

async function drain(): Promise<void> {
  while (!running) {
    running = pending.shift();
    if (!running) {
      return;
    }
    interrupted = false;
    tellStatus();
    await play(running);
    const { client, id } = running;
    running = undefined;
    tellStatus();
    tell(client, 'executing', { node: null, prompt_id: id });
  }
}

function previewMessage(node: string, prompt: string, share: number): Buffer {
  const header = Buffer.from(JSON.stringify({ node_id: node, display_node_id: node, prompt_id: prompt, image_type: 'image/png' }));
  const front = Buffer.alloc(8);
  front.writeUInt32BE(4, 0);
  front.writeUInt32BE(header.length, 4);
  return Buffer.concat([front, header, previewFrame(share)]);
}

async function play(job: Job): Promise<void> {
  const messages: Json[] = [];
  const say = (type: string, data: JsonObject) => {
    const full = { ...data, prompt_id: job.id, timestamp: Date.now() };
    tell(job.client, type, full);
    messages.push([type, full]);
  };
  const states: Record<string, JsonObject> = {};
  const progress = (node: string, value: number, max: number, state: string) => {
    states[node] = { value, max, state, node_id: node, display_node_id: node, prompt_id: job.id };
    tell(job.client, 'progress_state', { prompt_id: job.id, nodes: states });
  };
  const outputs: Record<string, JsonObject> = {};
  say('execution_start', {});
  const order = executionOrder(job.prompt);
  const signature = (id: string): string => JSON.stringify(job.prompt[id], inOrder);
  const cached = order.filter((id) => seen.has(signature(id)));
  say('execution_cached', { nodes: cached });
  counter++;
  for (const id of order) {
    const type = job.prompt[id]?.class_type ?? '';
    const ui = uiOf(type, counter);
    if (cached.includes(id) && !ui) {
      continue;
    }
    progress(id, 0, 1, 'running');
    tell(job.client, 'executing', { node: id, display_node: id, prompt_id: job.id });
    if (process.env['FAIL_NODE'] === type) {
      say('execution_error', { node_id: id, node_type: type, exception_message: `bits must be at most 8, was 9`, exception_type: 'NodeInputException', traceback: [`at ${type}.run`], input_name: 'bits', executed: [], current_inputs: {}, current_outputs: [] });
      history.set(job.id, { prompt: item(job), outputs, status: { status_str: 'error', completed: false, messages }, meta: {} });
      return;
    }
    const steps = type === 'SampleVideo' ? 20 : 3;
    for (let step = 1; step <= steps && !interrupted; step++) {
      await wait(stepMillis);
      progress(id, step, steps, 'running');
      tell(job.client, 'progress', { value: step, max: steps, prompt_id: job.id, node: id });
      if (type === 'SampleVideo') {
        sockets.get(job.client)?.send(previewMessage(id, job.id, step / steps));
      }
    }
    if (interrupted) {
      say('execution_interrupted', { node_id: id, node_type: type, executed: [] });
      history.set(job.id, { prompt: item(job), outputs, status: { status_str: 'error', completed: false, messages }, meta: {} });
      return;
    }
    if (ui) {
      outputs[id] = ui;
      tell(job.client, 'executed', { node: id, display_node: id, output: ui, prompt_id: job.id });
    }
    progress(id, steps, steps, 'finished');
  }
  seen = new Set([...seen, ...order.map(signature)]);
  say('execution_success', {});
  history.set(job.id, { prompt: item(job), outputs, status: { status_str: 'success', completed: true, messages }, meta: {} });
}

function reply(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<JsonObject> {
  const parts: Buffer[] = [];
  for await (const part of request) {
    parts.push(part as Buffer);
  }
  const text = Buffer.concat(parts).toString('utf8');
  const json = text === '' ? {} : (JSON.parse(text) as Json);
  return isObject(json) ? json : {};
}

async function submit(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const prompt = body['prompt'];
  if (prompt === undefined || !isApiWorkflow(prompt)) {
    reply(response, 400, { error: { type: 'no_prompt', message: 'No prompt provided', details: '', extra_info: {} }, node_errors: {} }); return;
  }
  const verdict = validate(prompt, info);
  if (verdict.status === 400) {
    reply(response, 400, verdict.body); return;
  }
  const number = history.size + pending.length + (running ? 1 : 0) + 1;
  const job = { id: crypto.randomUUID(), number, prompt, extra: isObject(body['extra_data']) ? body['extra_data'] : {}, client: stringOr(body['client_id'], '') };
  pending.push(job);
  reply(response, 200, { prompt_id: job.id, number, node_errors: {} });
  tellStatus();
  void drain();
}

/** A file with ranges, which players need for seeking. */
function sendFile(request: IncomingMessage, response: ServerResponse, path: string, type: string): void {
  const size = statSync(path).size;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range?.[1] === undefined ? 0 : Number(range[1]);
  const end = range?.[2] === undefined || range[2] === '' ? size - 1 : Math.min(size - 1, Number(range[2]));
  const headers = { 'Content-Type': type, 'Accept-Ranges': 'bytes', 'Content-Length': end - start + 1 };
  response.writeHead(range ? 206 : 200, range ? { ...headers, 'Content-Range': `bytes ${start}-${end}/${size}` } : headers);
  createReadStream(path, { start, end }).pipe(response);
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://mock');
  const route = `${request.method ?? 'GET'} ${url.pathname.replace(/^\/api(?=\/)/, '')}`;
  switch (route) {
    case 'GET /object_info':
      { reply(response, 200, info); return; }
    case 'GET /queue':
      { reply(response, 200, { queue_running: running ? [item(running)] : [], queue_pending: pending.map(item) }); return; }
    case 'GET /history':
      { reply(response, 200, Object.fromEntries([...history].slice(-Number(url.searchParams.get('max_items') ?? history.size)))); return; }
    case 'GET /system_stats':
      { reply(response, 200, { system: { comfyui_version: 'mock' }, devices: [{ name: 'ONNX Runtime CPU (2 cores)', type: 'cpu', index: 0, vram_total: 25.2e9, vram_free: 22.1e9 }] }); return; }
    case 'GET /workflow_templates':
      { reply(response, 200, { quantreel: ['dvd-quant'] }); return; }
    case 'GET /workflow_templates/quantreel/dvd-quant.json':
      { reply(response, 200, example); return; }
    case 'GET /workflow_templates/quantreel/dvd-quant.md':
      { response.writeHead(200, { 'content-type': 'text/markdown' }).end('# DVD-Quant\nA workflow to try the canvas with.\n'); return; }
    case 'GET /view':
      { view(request, response, url.searchParams.get('filename') ?? ''); return; }
    case 'POST /prompt':
      return submit(request, response);
    case 'POST /interrupt':
      interrupted = true;
      response.writeHead(200).end();
      return;
    case 'POST /queue':
    case 'POST /history':
      response.writeHead(200).end();
      return;
  }
  const one = /^GET \/history\/(.+)$/.exec(route)?.[1];
  if (one !== undefined) {
    const entry = history.get(one);
    reply(response, 200, entry ? { [one]: entry } : {}); return;
  }
  const path = join(dist, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
  if (path.startsWith(dist) && existsSync(path)) {
    sendFile(request, response, path, TYPES[extname(path)] ?? 'application/octet-stream'); return;
  }
  response.writeHead(404).end('not found');
}

function view(request: IncomingMessage, response: ServerResponse, name: string): void {
  if (name.endsWith('.mp4')) {
    return sendFile(request, response, join(fixtures, 'clip.mp4'), 'video/mp4');
  }
  response.writeHead(200, { 'Content-Type': 'image/png' }).end(timelinePlot());
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end();
  });
});
new WebSocketServer({ server, path: '/ws' }).on('connection', (socket, request) => {
  const id = new URL(request.url ?? '/', 'http://mock').searchParams.get('clientId') ?? crypto.randomUUID();
  sockets.set(id, socket);
  socket.on('close', () => sockets.get(id) === socket && sockets.delete(id));
  tell(id, 'status', { status: { exec_info: { queue_remaining: pending.length + (running ? 1 : 0) } }, sid: id });
});
server.listen(port, '127.0.0.1', () => console.log(`mock server on http://127.0.0.1:${port}`));
