import type { ExecutionError, HistoryEntry, NodeError, NodeOutput, ServerEvent } from './wire';

/** How far one node is in the current or last run. */
export type NodeRun = {
  readonly state: 'waiting' | 'running' | 'finished' | 'cached' | 'error';
  readonly value: number;
  readonly max: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
};

export type Phase = 'idle' | 'queued' | 'running' | 'success' | 'error' | 'interrupted';

/** Everything a page knows about the run it shows: one value, replaced by each event. */
export type RunState = {
  readonly phase: Phase;
  readonly promptId?: string;
  /** Ids of the nodes in the prompt, to measure progress against. */
  readonly planned: readonly string[];
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly current?: string;
  readonly nodes: ReadonlyMap<string, NodeRun>;
  /** What nodes show; it stays until the node shows something new. */
  readonly outputs: ReadonlyMap<string, NodeOutput>;
  readonly previews: ReadonlyMap<string, Preview>;
  readonly error?: ExecutionError;
  /** Why the last prompt was not taken into the queue. */
  readonly rejection?: Rejection;
  readonly nodeErrors: readonly NodeError[];
  readonly queueRemaining: number;
};

export type Rejection = { readonly message: string; readonly details: string };

export type Preview = { readonly mime: string; readonly image: Uint8Array };

export function idleRun(): RunState {
  return { phase: 'idle', planned: [], nodes: new Map(), outputs: new Map(), previews: new Map(), nodeErrors: [], queueRemaining: 0 };
}

/** The state right after a prompt was accepted. A run in progress goes on being shown until the new one starts. */
export function accepted(state: RunState, promptId: string, planned: readonly string[], nodeErrors: readonly NodeError[]): RunState {
  if (state.phase === 'running') {
    const { rejection: _, ...running } = state;
    return { ...running, nodeErrors };
  }
  const { error: _error, rejection: _rejection, startedAt: _started, endedAt: _ended, current: _current, ...kept } = state;
  return { ...kept, phase: 'queued', promptId, planned, nodes: new Map(), previews: new Map(), nodeErrors };
}

/** The state after a prompt was refused. A run in progress goes on. */
export function rejected(state: RunState, rejection: Rejection, nodeErrors: readonly NodeError[]): RunState {
  if (state.phase === 'running') {
    return { ...state, rejection, nodeErrors };
  }
  const { error: _error, startedAt: _started, endedAt: _ended, ...kept } = state;
  return { ...kept, phase: 'error', rejection, nodeErrors, nodes: new Map() };
}

/** The state after an event. Times are epoch milliseconds; `now` stands in where the server sends none. */
export function reduce(state: RunState, event: ServerEvent, now: number): RunState {
  switch (event.type) {
    case 'status':
      return { ...state, queueRemaining: event.queueRemaining };
    case 'execution_start':
      return started(state, event.promptId, now);
    case 'execution_cached':
      return event.nodes.reduce((next, node) => withNode(next, node, { state: 'cached', value: 1, max: 1 }), state);
    case 'executing':
      return executing(state, event.node, now);
    case 'progress':
      return withNode(state, event.node, { state: 'running', value: event.value, max: event.max, startedAt: state.nodes.get(event.node)?.startedAt ?? now });
    case 'progress_state':
      return event.nodes.reduce((next, node) => progressed(next, node, now), state);
    case 'executed':
      return { ...finishNode(state, event.node, now), outputs: new Map(state.outputs).set(event.node, event.output) };
    case 'execution_success':
      return ended(state, 'success', now);
    case 'execution_interrupted':
      return ended(state, 'interrupted', now);
    case 'execution_error':
      return { ...ended(failNode(state, event.error.node, now), 'error', now), error: event.error };
    case 'preview': {
      const node = event.node ?? state.current;
      return node === undefined ? state : { ...state, previews: new Map(state.previews).set(node, { mime: event.mime, image: event.image }) };
    }
    case 'text':
    case 'unknown':
      return state;
  }
}

function started(state: RunState, promptId: string, now: number): RunState {
  const { error: _error, endedAt: _ended, current: _current, ...kept } = state;
  return { ...kept, phase: 'running', promptId, startedAt: now, nodes: new Map(), previews: new Map() };
}

function ended(state: RunState, phase: Phase, now: number): RunState {
  const { current: _current, ...kept } = state;
  const nodes = new Map(state.nodes);
  for (const [id, node] of nodes) {
    if (node.state === 'running') {
      nodes.set(id, phase === 'success' ? { ...node, state: 'finished', value: node.max, endedAt: now } : { ...node, state: 'waiting' });
    }
  }
  return { ...kept, phase, nodes, endedAt: now };
}

function executing(state: RunState, node: string | null, now: number): RunState {
  if (node === null) {
    return state.phase === 'running' ? ended(state, 'success', now) : state;
  }
  const known = state.nodes.get(node);
  const next = known?.state === 'running' ? state : withNode(state, node, { state: 'running', value: 0, max: 1, startedAt: now });
  return { ...next, current: node, phase: 'running' };
}

function progressed(state: RunState, event: { node: string; value: number; max: number; state: 'running' | 'finished' | 'error' }, now: number): RunState {
  const known = state.nodes.get(event.node);
  if (known?.state === 'cached' || (known?.state === event.state && known.value === event.value && known.max === event.max)) {
    return state;
  }
  const startedAt = known?.startedAt ?? now;
  const endedAt = event.state === 'running' ? undefined : (known?.endedAt ?? now);
  return withNode(state, event.node, {
    state: event.state,
    value: event.value,
    max: event.max,
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
  });
}

function withNode(state: RunState, id: string, run: NodeRun): RunState {
  return { ...state, nodes: new Map(state.nodes).set(id, run) };
}

function finishNode(state: RunState, id: string, now: number): RunState {
  const node = state.nodes.get(id);
  if (node?.state === 'cached') {
    return state;
  }
  return withNode(state, id, { state: 'finished', value: node?.max ?? 1, max: node?.max ?? 1, startedAt: node?.startedAt ?? now, endedAt: now });
}

function failNode(state: RunState, id: string, now: number): RunState {
  const node = state.nodes.get(id);
  return withNode(state, id, { state: 'error', value: node?.value ?? 0, max: node?.max ?? 1, startedAt: node?.startedAt ?? now, endedAt: now });
}

/** The state a finished prompt left in the history; used when its events were missed. */
export function recovered(state: RunState, entry: HistoryEntry): RunState {
  const { current: _current, ...kept } = state;
  const outputs = new Map([...state.outputs, ...entry.outputs]);
  return {
    ...kept,
    phase: entry.status,
    promptId: entry.item.promptId,
    outputs,
    nodes: new Map([...state.nodes, ...[...entry.outputs.keys()].map((id) => [id, { state: 'finished', value: 1, max: 1 }] as const)]),
    ...(entry.startedAt !== undefined && { startedAt: entry.startedAt }),
    ...(entry.endedAt !== undefined && { endedAt: entry.endedAt }),
    ...(entry.error && { error: entry.error }),
  };
}

/** Share of the work that is done, 0 to 1, counting every planned node once. */
export function overallProgress(state: RunState): number {
  if (state.phase === 'success') {
    return 1;
  }
  if (state.planned.length === 0) {
    return 0;
  }
  const done = state.planned.reduce((sum, id) => {
    const node = state.nodes.get(id);
    if (!node) {
      return sum;
    }
    return sum + (node.state === 'running' ? Math.min(1, node.value / Math.max(1, node.max)) : node.state === 'waiting' ? 0 : 1);
  }, 0);
  return Math.min(1, done / state.planned.length);
}
