import type { ApiPrompt } from '../workflow/api';
import { type ArtifactReport, parseReport } from '../workflow/artifact/report';
import { isArray, isObject, type Json, type JsonObject, numberOr, parseJson, stringOr } from '../workflow/json';
import { type NodeCatalog, parseObjectInfo } from '../workflow/specs';
import { parseHistory, parseQueue } from './history';
import { type FileRef, type HistoryEntry, type NodeError, parseNodeErrors, type Queue } from './wire';

/** The server refused a prompt: what it says as a whole and about each node. */
export class PromptRejected extends Error {
  override readonly name = 'PromptRejected';

  constructor(
    message: string,
    readonly details: string,
    readonly nodeErrors: readonly NodeError[],
  ) {
    super(message);
  }
}

/** The server cannot be reached, or answered with a status nobody expected. */
export class ServerFailure extends Error {
  override readonly name = 'ServerFailure';
}

export type Accepted = { readonly promptId: string; readonly number: number; readonly nodeErrors: readonly NodeError[] };

export type SystemStats = { readonly device: string; readonly version: string; readonly totalBytes: number; readonly freeBytes: number };

export type Template = { readonly pack: string; readonly name: string };

/** What the page of an example says first: its heading and its first paragraph. */
export type TemplatePage = { readonly title: string; readonly summary: string };

/** Typed client of the HTTP half of the wire API. Paths are relative to where the page was loaded from. */
export class Client {
  constructor(
    readonly clientId: string,
    private readonly base = '',
  ) {}

  async objectInfo(): Promise<NodeCatalog> {
    return parseObjectInfo(await this.get('/object_info'));
  }

  async queue(): Promise<Queue> {
    return parseQueue(await this.get('/queue'));
  }

  async history(maxItems = 64): Promise<HistoryEntry[]> {
    return parseHistory(await this.get(`/history?max_items=${maxItems}`));
  }

  async historyOf(promptId: string): Promise<HistoryEntry | undefined> {
    return parseHistory(await this.get(`/history/${encodeURIComponent(promptId)}`))[0];
  }

  async submit(prompt: ApiPrompt, workflow: JsonObject, front = false): Promise<Accepted> {
    const body = { prompt, client_id: this.clientId, extra_data: { extra_pnginfo: { workflow } }, ...(front && { front }) };
    const response = await this.send('POST', '/prompt', body);
    const reply = await this.jsonOf(response);
    const object = isObject(reply) ? reply : {};
    const nodeErrors = parseNodeErrors(object['node_errors']);
    if (!response.ok) {
      const error = isObject(object['error']) ? object['error'] : {};
      const message = stringOr(error['message'], '') || `The server answered ${response.status}`;
      throw new PromptRejected(message, stringOr(error['details'], ''), nodeErrors);
    }
    return { promptId: stringOr(object['prompt_id'], ''), number: numberOr(object['number'], 0), nodeErrors };
  }

  async interrupt(promptId?: string): Promise<void> {
    await this.expectOk('POST', '/interrupt', promptId === undefined ? {} : { prompt_id: promptId });
  }

  async removeFromQueue(promptId: string): Promise<void> {
    await this.expectOk('POST', '/queue', { delete: [promptId] });
  }

  async clearQueue(): Promise<void> {
    await this.expectOk('POST', '/queue', { clear: true });
  }

  async removeFromHistory(promptId: string): Promise<void> {
    await this.expectOk('POST', '/history', { delete: [promptId] });
  }

  async systemStats(): Promise<SystemStats> {
    const stats = await this.get('/system_stats');
    const { system, devices } = isObject(stats) ? stats : {};
    const device = isArray(devices) && isObject(devices[0]) ? devices[0] : {};
    const about = isObject(system) ? system : {};
    return {
      device: stringOr(device['name'], 'cpu'),
      version: typeof about['quantreel_version'] === 'string' ? `Quantreel ${about['quantreel_version']}` : '',
      totalBytes: numberOr(device['vram_total'], 0),
      freeBytes: numberOr(device['vram_free'], 0),
    };
  }

  /** Names of the example workflows the server ships; a server without any is fine. */
  async templates(): Promise<Template[]> {
    const response = await this.send('GET', '/workflow_templates');
    const packs = response.ok ? await this.jsonOf(response) : {};
    return Object.entries(isObject(packs) ? packs : {}).flatMap(([pack, names]) =>
      isArray(names) ? names.filter((name) => typeof name === 'string').map((name) => ({ pack, name })) : [],
    );
  }

  async template(template: Template): Promise<Json> {
    return this.get(`/workflow_templates/${encodeURIComponent(template.pack)}/${encodeURIComponent(template.name)}.json`);
  }

  /** The head of an example's page; nothing where the server has none. */
  async templatePage(template: Template): Promise<TemplatePage | undefined> {
    const response = await this.send('GET', `/workflow_templates/${encodeURIComponent(template.pack)}/${encodeURIComponent(template.name)}.md`);
    return response.ok ? headOfPage(await response.text()) : undefined;
  }

  /** Uploads an input image or video; the reply's name is what goes into the widget. */
  async upload(file: File): Promise<string> {
    const form = new FormData();
    form.set('image', file);
    form.set('type', 'input');
    const response = await fetch(`${this.base}/api/upload/image`, { method: 'POST', body: form });
    const reply = await this.jsonOf(response);
    if (!response.ok || !isObject(reply)) {
      throw new ServerFailure(`${file.name} could not be uploaded: the server answered ${response.status}`);
    }
    const subfolder = stringOr(reply['subfolder'], '');
    const name = stringOr(reply['name'], file.name);
    return subfolder === '' ? name : `${subfolder}/${name}`;
  }

  /** Names of the files in a model folder, with their subfolders. */
  async modelFiles(folder: string): Promise<string[]> {
    const names = await this.get(`/models/${encodeURIComponent(folder)}`);
    return isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  }

  /** Where the files of a model folder lie on the server's disk. */
  async modelPaths(folder: string): Promise<string[]> {
    const folders = await this.get('/experiment/models');
    const entry = (isArray(folders) ? folders : []).filter(isObject).find((candidate) => candidate['name'] === folder);
    const paths = entry?.['folders'];
    return isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
  }

  /** Recipe and figures of a quantized file in a model folder; what the server says when it is none. */
  async artifactReport(folder: string, file: string): Promise<ArtifactReport> {
    const response = await this.send('GET', `/models/${encodeURIComponent(folder)}/report?file=${encodeURIComponent(file)}`);
    const reply = await this.jsonOf(response);
    if (!response.ok) {
      const error = isObject(reply) && isObject(reply['error']) ? reply['error'] : {};
      throw new ServerFailure(stringOr(error['message'], '') || `${file}: the server answered ${response.status}`);
    }
    return parseReport(reply);
  }

  viewUrl(file: FileRef): string {
    return viewUrl(file, this.base);
  }

  private async get(path: string): Promise<Json> {
    const response = await this.send('GET', path);
    if (!response.ok) {
      throw new ServerFailure(`GET ${path}: the server answered ${response.status}`);
    }
    return this.jsonOf(response);
  }

  private async expectOk(method: string, path: string, body: JsonObject): Promise<void> {
    const response = await this.send(method, path, body);
    if (!response.ok) {
      throw new ServerFailure(`${method} ${path}: the server answered ${response.status}`);
    }
  }

  private async send(method: string, path: string, body?: JsonObject): Promise<Response> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    try {
      return await fetch(`${this.base}/api${path}`, init);
    } catch {
      throw new ServerFailure('The server cannot be reached.');
    }
  }

  private async jsonOf(response: Response): Promise<Json> {
    const text = await response.text();
    return text === '' ? null : parseJson(text);
  }
}

/** Address under which the server shows a file. */
export function viewUrl(file: FileRef, base = ''): string {
  const query = new URLSearchParams({ filename: file.filename, type: file.type, subfolder: file.subfolder });
  return `${base}/api/view?${query.toString()}`;
}

/** Heading and first paragraph of a page in Markdown, as plain text. */
export function headOfPage(markdown: string): TemplatePage | undefined {
  const lines = markdown.split(/\r?\n/);
  const heading = lines.findIndex((line) => line.startsWith('# '));
  if (heading < 0) {
    return undefined;
  }
  const rest = lines.slice(heading + 1);
  const first = rest.findIndex((line) => line.trim() !== '');
  const body = first < 0 ? [] : rest.slice(first);
  const end = body.findIndex((line) => line.trim() === '' || /^(#| {4})/.test(line));
  const summary = body.slice(0, end < 0 ? body.length : end).join(' ');
  return { title: plain(lines[heading]?.slice(2) ?? ''), summary: plain(summary) };
}

function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*`]/g, '').trim();
}
