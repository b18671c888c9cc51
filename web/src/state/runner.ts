import { type Client, PromptRejected } from '../api/client';
import { accepted, idleRun, recovered, reduce, rejected, type RunState } from '../api/run';
import type { Connection } from '../api/socket';
import type { HistoryEntry, NodeError, Queue, ServerEvent } from '../api/wire';
import type { ApiPrompt } from '../workflow/api';
import type { JsonObject } from '../workflow/json';
import { Observable } from './observable';

const NO_QUEUE: Queue = { running: [], pending: [] };

/** What the server is doing, as far as this page is told: the run on display, the queue and the history. */
export class Runner {
  readonly run = new Observable<RunState>(idleRun());
  readonly connection = new Observable<Connection>('connecting');
  readonly queue = new Observable<Queue>(NO_QUEUE);
  readonly history = new Observable<readonly HistoryEntry[]>([]);
  private readonly plans = new Map<string, readonly string[]>();
  private wasLost = false;

  constructor(readonly client: Client) {}

  /** Queues a prompt; a refusal is recorded with its reasons and thrown on. */
  async submit(prompt: ApiPrompt, workflow: JsonObject): Promise<void> {
    const reply = await this.client.submit(prompt, workflow).catch((error: unknown) => {
      if (error instanceof PromptRejected) {
        this.reject(error.message, error.details, error.nodeErrors);
      }
      throw error;
    });
    this.plans.set(reply.promptId, Object.keys(prompt));
    const current = this.run.get();
    if (current.promptId === reply.promptId) {
      this.run.set({ ...current, planned: Object.keys(prompt), nodeErrors: reply.nodeErrors });
    } else {
      this.run.set(accepted(current, reply.promptId, Object.keys(prompt), reply.nodeErrors));
    }
  }

  /** Records why a prompt cannot run. */
  reject(message: string, details: string, nodeErrors: readonly NodeError[]): void {
    this.run.update((run) => rejected(run, { message, details }, nodeErrors));
  }

  async interrupt(): Promise<void> {
    await this.client.interrupt(this.run.get().promptId);
  }

  receive(event: ServerEvent): void {
    this.run.update((run) => reduce(run, event, Date.now()));
    if (event.type === 'execution_start') {
      const planned = this.plans.get(event.promptId);
      this.run.update((run) => ({ ...run, planned: planned ?? run.planned }));
    }
    if (event.type === 'status' || (event.type === 'executing' && event.node === null)) {
      void this.refresh();
    }
  }

  connected(connection: Connection): void {
    this.connection.set(connection);
    if (connection === 'lost') {
      this.wasLost = true;
    }
    if (connection === 'open') {
      void this.refresh();
      if (this.wasLost) {
        void this.recover();
      }
    }
  }

  /** Reads queue and history again; while the server is away the last known ones stay. */
  async refresh(): Promise<void> {
    try {
      const [queue, history] = await Promise.all([this.client.queue(), this.client.history()]);
      this.queue.set(queue);
      this.history.set(history);
      this.planFrom(queue);
    } catch (error) {
      console.info('Queue and history could not be read', error);
    }
  }

  /** After a reload the page has not planned the running prompt itself: the queue tells its nodes. */
  private planFrom(queue: Queue): void {
    const { planned, promptId } = this.run.get();
    const item = queue.running.find((candidate) => candidate.promptId === promptId) ?? queue.running[0];
    if (planned.length === 0 && item) {
      this.run.update((run) => ({ ...run, promptId: item.promptId, planned: Object.keys(item.prompt) }));
    }
  }

  /** The server repeats no event after a lost connection: what was missed is read from the history. */
  async recover(): Promise<void> {
    const { phase, promptId } = this.run.get();
    if (promptId === undefined || (phase !== 'running' && phase !== 'queued')) {
      return;
    }
    const entry = await this.client.historyOf(promptId).catch(() => undefined);
    if (entry) {
      this.run.update((run) => recovered(run, entry));
    }
  }

  /** Shows the results of an earlier prompt on the nodes of the canvas. */
  show(entry: HistoryEntry): void {
    this.run.update((run) => (run.phase === 'running' ? run : recovered({ ...run, nodes: new Map() }, entry)));
  }
}
