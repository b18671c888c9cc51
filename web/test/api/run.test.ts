import { describe, expect, it } from 'vitest';
import { accepted, idleRun, overallProgress, recovered, reduce, rejected, type RunState } from '../../src/api/run';
import { parseFrame } from '../../src/api/frames';
import { parseHistory, parseQueue } from '../../src/api/history';
import { parseEvent, parseNodeErrors, parseOutput } from '../../src/api/wire';
import { viewUrl } from '../../src/api/client';
import { socketUrl } from '../../src/api/socket';
import type { Json } from '../../src/workflow/json';

const P = 'p-1';
type Message = readonly [string, Json];

/** The state after messages of the server, one second apart. */
function play(state: RunState, ...messages: readonly Message[]): RunState {
  return messages.reduce((next, [type, data], index) => reduce(next, parseEvent({ type, data }), 1000 * (index + 1)), state);
}

const running = (node: string, value = 0, max = 1): Message => ['progress_state', { prompt_id: P, nodes: { [node]: { value, max, state: 'running', node_id: node } } }];
const finished = (node: string): Message => ['progress_state', { prompt_id: P, nodes: { [node]: { value: 1, max: 1, state: 'finished', node_id: node } } }];
const video = { gifs: [{ filename: 'a.mp4', subfolder: 's', type: 'output', format: 'video/mp4' }], animated: [true] };

describe('a run', () => {
  const queued = accepted(idleRun(), P, ['1', '2', '3', '4'], []);

  it('goes from queued over each node to success, in the order of the wire', () => {
    const halfway = play(
      queued,
      ['status', { status: { exec_info: { queue_remaining: 1 } } }],
      ['execution_start', { prompt_id: P }],
      ['execution_cached', { prompt_id: P, nodes: ['1'] }],
      running('2'),
      ['executing', { node: '2', prompt_id: P }],
      ['progress', { node: '2', value: 5, max: 20, prompt_id: P }],
    );
    expect(halfway).toMatchObject({ phase: 'running', current: '2', queueRemaining: 1 });
    expect(halfway.nodes.get('1')?.state).toBe('cached');
    expect(halfway.nodes.get('2')).toMatchObject({ state: 'running', value: 5, max: 20 });
    expect(overallProgress(halfway)).toBeCloseTo((1 + 0.25) / 4);

    const done = play(halfway, finished('2'), running('3'), ['executed', { node: '3', output: video, prompt_id: P }], finished('3'), ['execution_success', { prompt_id: P }], ['executing', { node: null, prompt_id: P }]);
    expect(done.phase).toBe('success');
    expect(done.nodes.get('3')?.state).toBe('finished');
    expect(done.outputs.get('3')?.videos).toHaveLength(1);
    expect(overallProgress(done)).toBe(1);
  });

  it('stays failed after the end marker, and names node, input and message', () => {
    const failed = play(
      queued,
      ['execution_start', { prompt_id: P }],
      ['executing', { node: '2', prompt_id: P }],
      ['execution_error', { prompt_id: P, node_id: '2', node_type: 'BGRQuantize', exception_message: "input 'bits': at most 8, was 9\n", exception_type: 'NodeInputException', input_name: 'bits', traceback: ['x'] }],
      ['executing', { node: null, prompt_id: P }],
    );

    expect(failed.phase).toBe('error');
    expect(failed.nodes.get('2')?.state).toBe('error');
    expect(failed.error).toMatchObject({ node: '2', input: 'bits', message: 'at most 8, was 9' });
  });

  it('ends as interrupted', () => {
    const stopped = play(queued, ['execution_start', { prompt_id: P }], ['executing', { node: '2', prompt_id: P }], ['execution_interrupted', { prompt_id: P, node_id: '2' }], ['executing', { node: null, prompt_id: P }]);

    expect(stopped.phase).toBe('interrupted');
    expect(stopped.nodes.get('2')?.state).toBe('waiting');
  });

  it('keeps what nodes show until they show something new', () => {
    const before = play(queued, ['execution_start', { prompt_id: P }], ['executed', { node: '3', output: video, prompt_id: P }], ['execution_success', { prompt_id: P }]);

    const again = play(accepted(before, 'p-2', ['3'], []), ['execution_start', { prompt_id: 'p-2' }]);

    expect(again.outputs.get('3')?.videos).toHaveLength(1);
    expect(again.nodes.size).toBe(0);
  });

  it('is not disturbed by a prompt that is refused beside it', () => {
    const busy = play(queued, ['execution_start', { prompt_id: P }]);

    expect(rejected(busy, { message: 'no', details: '' }, []).phase).toBe('running');
    expect(rejected(queued, { message: 'no', details: '' }, []).phase).toBe('error');
  });

  it('draws the preview on the node it names, or on the current one', () => {
    const state = play(queued, ['executing', { node: '2', prompt_id: P }]);
    const image = Uint8Array.of(1, 2, 3);

    expect(reduce(state, { type: 'preview', mime: 'image/png', image, node: '4' }, 0).previews.get('4')?.image).toBe(image);
    expect(reduce(state, { type: 'preview', mime: 'image/png', image }, 0).previews.has('2')).toBe(true);
  });

  it('is recovered from the history when its end was missed', () => {
    const [entry] = parseHistory({ [P]: { prompt: [4, P, {}, {}, []], outputs: { '3': video }, status: { status_str: 'success', completed: true, messages: [['execution_start', { timestamp: 10 }], ['execution_success', { timestamp: 35 }]] } } });

    const state = recovered(play(queued, ['execution_start', { prompt_id: P }]), entry!);

    expect(state).toMatchObject({ phase: 'success', startedAt: 10, endedAt: 35 });
    expect(state.outputs.get('3')?.videos[0]?.filename).toBe('a.mp4');
  });
});

describe('binary frames', () => {
  const frame = (...parts: (number | string | Uint8Array)[]): ArrayBuffer => {
    const buffers = parts.map((part) => {
      if (typeof part === 'number') {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(part);
        return bytes;
      }
      return Buffer.from(part);
    });
    return new Uint8Array(Buffer.concat(buffers)).buffer;
  };
  const image = Uint8Array.of(9, 8, 7);

  it('of kind 1 are images, JPEG or PNG', () => {
    expect(parseFrame(frame(1, 1, image))).toEqual({ type: 'preview', mime: 'image/jpeg', image });
    expect(parseFrame(frame(1, 2, image))).toEqual({ type: 'preview', mime: 'image/png', image });
  });

  it('of kind 4 name the node that is seen', () => {
    const header = JSON.stringify({ node_id: '5.0.1', display_node_id: '5', image_type: 'image/jpeg' });

    expect(parseFrame(frame(4, header.length, header, image))).toEqual({ type: 'preview', mime: 'image/jpeg', node: '5', image });
  });

  it('of kind 3 are texts of a node; others and short ones are unknown', () => {
    expect(parseFrame(frame(3, 2, '12', 'hello'))).toEqual({ type: 'text', node: '12', text: 'hello' });
    expect(parseFrame(frame(9, 0)).type).toBe('unknown');
    expect(parseFrame(frame(1)).type).toBe('unknown');
  });
});

describe('the wire', () => {
  it('sorts what a node shows by what the files are', () => {
    const ref = (filename: string) => ({ filename, subfolder: '', type: 'temp' });
    const output = parseOutput({ images: [ref('a.png'), ref('b.webm')], gifs: [ref('c.gif'), ref('d.MP4')], files: [ref('m.onnx')], text: ['hi'], animated: [true], table: [{ a: 1 }] });

    expect(output.images.map((file) => file.filename)).toEqual(['a.png', 'c.gif']);
    expect(output.videos.map((file) => file.filename)).toEqual(['b.webm', 'd.MP4']);
    expect(output.files.map((file) => file.filename)).toEqual(['m.onnx']);
    expect(output.text).toEqual(['hi']);
    expect(output.other).toEqual({ table: [{ a: 1 }] });
  });

  it('names node and input of each complaint of the validator', () => {
    const errors = { '7': { class_type: 'BGRQuantize', dependent_outputs: [], errors: [{ type: 'value_bigger_than_max', message: 'Too big', details: 'bits', extra_info: { input_name: 'bits' } }] } };

    expect(parseNodeErrors(errors)).toEqual([{ node: '7', nodeType: 'BGRQuantize', input: 'bits', message: 'Too big', details: 'bits' }]);
    expect(parseNodeErrors(null)).toEqual([]);
  });

  it('sorts the queue by number', () => {
    const prompt = { '1': { class_type: 'A', inputs: {} } };
    const queue = parseQueue({ queue_running: [], queue_pending: [[5, 'b', prompt, {}, []], [-2, 'a', prompt, { extra_pnginfo: { workflow: { nodes: [] } } }, []]] });

    expect(queue.pending.map((item) => item.promptId)).toEqual(['a', 'b']);
    expect(queue.pending[0]?.workflow).toEqual({ nodes: [] });
  });

  it('reads an end marker as no node, and unknown messages as unknown', () => {
    expect(parseEvent({ type: 'executing', data: { node: null, prompt_id: P } })).toEqual({ type: 'executing', promptId: P, node: null });
    expect(parseEvent({ type: 'asset_export', data: {} }).type).toBe('unknown');
    expect(parseEvent('nonsense').type).toBe('unknown');
  });

  it('shows the visible parent of an expanded node', () => {
    expect(parseEvent({ type: 'executing', data: { node: '5.0.0.1', display_node: '5', prompt_id: P } })).toMatchObject({ node: '5' });
  });

  it('builds addresses that survive odd file names', () => {
    expect(viewUrl({ filename: 'a b&c.mp4', subfolder: 'x/y', type: 'temp' })).toBe('/api/view?filename=a+b%26c.mp4&type=temp&subfolder=x%2Fy');
    expect(socketUrl({ protocol: 'https:', host: 'h:1' }, 'a b')).toBe('wss://h:1/ws?clientId=a%20b');
  });
});
