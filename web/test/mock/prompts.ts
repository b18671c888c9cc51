import { asApiLink, type ApiPrompt } from '../../src/workflow/api';
import { isObject, type Json, type JsonObject } from '../../src/workflow/json';

export type Verdict = { readonly status: 200 } | { readonly status: 400; readonly body: JsonObject };

/** The few checks of the real server the journeys need: known classes, required links, an output, number ranges. */
export function validate(prompt: ApiPrompt, info: JsonObject): Verdict {
  const nodeErrors: Record<string, JsonObject> = {};
  for (const [id, node] of Object.entries(prompt)) {
    const spec = info[node.class_type];
    if (!isObject(spec)) {
      return { status: 400, body: { error: { type: 'missing_node_type', message: `Unknown node ${node.class_type}`, details: `node ${id}`, extra_info: {} }, node_errors: {} } };
    }
    const errors = complaints(node.inputs, spec);
    if (errors.length > 0) {
      nodeErrors[id] = { errors, dependent_outputs: [], class_type: node.class_type };
    }
  }
  if (Object.keys(nodeErrors).length > 0) {
    return { status: 400, body: { error: { type: 'prompt_outputs_failed_validation', message: 'Prompt outputs failed validation', details: '', extra_info: {} }, node_errors: nodeErrors } };
  }
  return { status: 200 };
}

function complaints(inputs: JsonObject, spec: JsonObject): JsonObject[] {
  const input = isObject(spec['input']) ? spec['input'] : {};
  const required = isObject(input['required']) ? input['required'] : {};
  return Object.entries(required).flatMap(([name, entry]): JsonObject[] => {
    const value = inputs[name];
    const options = Array.isArray(entry) && isObject(entry[1] as Json) ? (entry[1] as JsonObject) : {};
    if (value === undefined) {
      return [{ type: 'required_input_missing', message: 'Required input is missing', details: name, extra_info: { input_name: name } }];
    }
    if (typeof value === 'number' && typeof options['max'] === 'number' && value > options['max']) {
      return [{ type: 'value_bigger_than_max', message: `Value ${value} bigger than max of ${options['max']}`, details: name, extra_info: { input_name: name } }];
    }
    return [];
  });
}

/** Node ids so that sources come before what they feed. */
export function executionOrder(prompt: ApiPrompt): string[] {
  const done: string[] = [];
  const visit = (id: string) => {
    const node = prompt[id];
    if (!node || done.includes(id)) {
      return;
    }
    for (const value of Object.values(node.inputs)) {
      const link = asApiLink(value);
      if (link) {
        visit(link.source);
      }
    }
    done.push(id);
  };
  Object.keys(prompt).forEach(visit);
  return done;
}

const REPORT = [
  { layer: 'blocks.0.attn1.to_q', bits: 4, sqnr_db: 22.413, mse: 0.0000312 },
  { layer: 'blocks.0.attn1.to_k', bits: 4, sqnr_db: 22.107, mse: 0.0000341 },
  { layer: 'blocks.0.attn1.to_v', bits: 4, sqnr_db: 21.86, mse: 0.0000356 },
  { layer: 'blocks.0.ffn.net.0', bits: 4, sqnr_db: 21.533, mse: 0.0000402 },
  { layer: 'blocks.0.ffn.net.2', bits: 4, sqnr_db: 20.914, mse: 0.0000467 },
  { layer: 'blocks.1.attn1.to_q', bits: 4, sqnr_db: 22.655, mse: 0.0000298 },
];

/** What the output nodes of the fixture show. */
export function uiOf(type: string, counter: number): JsonObject | undefined {
  const file = (filename: string, kind: string) => ({ filename, subfolder: '', type: kind, format: 'video/mp4' });
  switch (type) {
    case 'SaveVideo':
      return { gifs: [file(`dvd-quant_${String(counter).padStart(5, '0')}_.mp4`, 'output')], animated: [true] };
    case 'PreviewVideo':
    case 'CompareVideos':
      return { gifs: [file(`preview_${counter}.mp4`, 'temp')], animated: [true] };
    case 'BitTimeline':
      return { images: [{ filename: 'timeline.png', subfolder: '', type: 'temp' }], text: [JSON.stringify({ mean_bits: 5.9, steps_computed: 14, steps_reused: 6 })] };
    case 'QuantizationReport':
      return { text: [JSON.stringify(REPORT)] };
    default:
      return undefined;
  }
}
