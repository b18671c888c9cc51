import { isArray, isObject, type Json, type JsonObject, numberOr, stringOr } from './json';

/** A parameter that is edited on the node card. One case per kind of editor. */
export type WidgetSpec =
  | { readonly kind: 'int'; readonly initial: number; readonly min?: number; readonly max?: number; readonly step: number; readonly slider: boolean }
  | { readonly kind: 'float'; readonly initial: number; readonly min?: number; readonly max?: number; readonly step: number; readonly slider: boolean }
  | { readonly kind: 'string'; readonly initial: string; readonly multiline: boolean; readonly placeholder: string }
  | { readonly kind: 'boolean'; readonly initial: boolean; readonly on: string; readonly off: string }
  | { readonly kind: 'combo'; readonly initial: string | number | null; readonly options: readonly (string | number)[]; readonly upload?: UploadKind }
  | { readonly kind: 'control'; readonly initial: SeedControl; readonly controls: string };

export type UploadKind = 'image' | 'video' | 'audio';

/** What happens to a seed once its prompt is queued. */
export const SEED_CONTROLS = ['fixed', 'increment', 'decrement', 'randomize'] as const;
export type SeedControl = (typeof SEED_CONTROLS)[number];
export const CONTROL_AFTER_GENERATE = 'control_after_generate';

export type InputSpec = {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly optional: boolean;
  readonly tooltip: string;
  readonly advanced: boolean;
  /** The editor; absent for an input that only a wire can feed. */
  readonly widget?: WidgetSpec;
  /** The description as the server sent it. */
  readonly raw: Json;
};

export type OutputSpec = {
  readonly name: string;
  readonly type: string;
  readonly tooltip: string;
  readonly isList: boolean;
};

/** A widget in the order of `widgets_values`: one per editable input, plus the control entry after a seed. */
export type WidgetEntry = { readonly name: string; readonly spec: WidgetSpec };

export type NodeSpec = {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly pack: string;
  readonly outputNode: boolean;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
  readonly widgets: readonly WidgetEntry[];
  readonly searchWords: readonly string[];
  readonly experimental: boolean;
  readonly deprecated: boolean;
};

/** All node types the server offers, by type name, in the server's order. */
export type NodeCatalog = ReadonlyMap<string, NodeSpec>;

export function parseObjectInfo(json: Json): NodeCatalog {
  if (!isObject(json)) {
    throw new TypeError('object_info must be a JSON object of node types');
  }
  const catalog = new Map<string, NodeSpec>();
  for (const [type, info] of Object.entries(json)) {
    if (isObject(info)) {
      catalog.set(type, parseNodeSpec(type, info));
    }
  }
  return catalog;
}

export function parseNodeSpec(type: string, info: JsonObject): NodeSpec {
  const input = isObject(info['input']) ? info['input'] : {};
  const order = isObject(info['input_order']) ? info['input_order'] : {};
  const inputs = [
    ...parseInputs(input['required'], order['required'], false),
    ...parseInputs(input['optional'], order['optional'], true),
  ];
  const module = stringOr(info['python_module'], 'nodes');
  return {
    type,
    title: stringOr(info['display_name'], '') || type,
    description: stringOr(info['description'], ''),
    category: stringOr(info['category'], '') || 'other',
    pack: module.split('.').pop() ?? module,
    outputNode: info['output_node'] === true,
    inputs,
    outputs: parseOutputs(info),
    widgets: inputs.flatMap((spec) => widgetEntries(spec)),
    searchWords: isArray(info['search_aliases']) ? info['search_aliases'].filter((word) => typeof word === 'string') : [],
    experimental: info['experimental'] === true,
    deprecated: info['deprecated'] === true,
  };
}

function parseInputs(section: Json | undefined, order: Json | undefined, optional: boolean): InputSpec[] {
  if (!isObject(section)) {
    return [];
  }
  const listed = isArray(order) ? order.filter((name) => typeof name === 'string' && name in section) : [];
  const names = new Set([...(listed as string[]), ...Object.keys(section)]);
  return [...names].map((name) => parseInput(name, section[name] ?? null, optional));
}

function parseInput(name: string, raw: Json, optional: boolean): InputSpec {
  const [head, tail] = isArray(raw) ? raw : [raw];
  const options = isObject(tail) ? tail : {};
  const type = isArray(head) ? 'COMBO' : stringOr(head, '*');
  const socketOnly = options['forceInput'] === true || options['rawLink'] === true;
  const widget = socketOnly ? undefined : parseWidget(type, head ?? null, options);
  return {
    name,
    label: stringOr(options['display_name'], '') || readable(name),
    type,
    optional,
    tooltip: stringOr(options['tooltip'], ''),
    advanced: options['advanced'] === true,
    ...(widget && { widget }),
    raw,
  };
}

/** A parameter name as words: `filenamePrefix` and `filename_prefix` are both shown as `filename prefix`. */
export function readable(name: string): string {
  const spaced = name.replace(/_/g, ' ').replace(/([a-z0-9])([A-Z])(?=[a-z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);
  return spaced.trim() === '' ? name : spaced;
}

function parseWidget(type: string, head: Json, options: JsonObject): WidgetSpec | undefined {
  const initial = options['default'];
  switch (stringOr(options['widgetType'], '') || type) {
    case 'INT':
      return { kind: 'int', initial: numberOr(initial, numberOr(options['min'], 0)), ...range(options, 1) };
    case 'FLOAT':
      return { kind: 'float', initial: numberOr(initial, numberOr(options['min'], 0)), ...range(options, 0.01) };
    case 'STRING':
      return {
        kind: 'string',
        initial: stringOr(initial, ''),
        multiline: options['multiline'] === true,
        placeholder: stringOr(options['placeholder'], ''),
      };
    case 'BOOLEAN':
      return {
        kind: 'boolean',
        initial: initial === true,
        on: stringOr(options['label_on'], 'on'),
        off: stringOr(options['label_off'], 'off'),
      };
    case 'COMBO':
      return comboWidget(head, options);
    default:
      return undefined;
  }
}

function range(options: JsonObject, step: number) {
  const { min, max } = options;
  const display = stringOr(options['display'], 'number');
  return {
    ...(typeof min === 'number' && { min }),
    ...(typeof max === 'number' && { max }),
    step: numberOr(options['step'], step),
    slider: display !== 'number',
  };
}

function comboWidget(head: Json, options: JsonObject): WidgetSpec {
  const listed = isArray(head) ? head : isArray(options['options']) ? options['options'] : [];
  const choices = listed.filter((choice) => typeof choice === 'string' || typeof choice === 'number');
  const wanted = options['default'];
  const given = typeof wanted === 'string' || typeof wanted === 'number' ? wanted : undefined;
  const upload = (['image', 'video', 'audio'] as const).find((kind) => options[`${kind}_upload`] === true);
  return { kind: 'combo', initial: given ?? choices[0] ?? null, options: choices, ...(upload && { upload }) };
}

function parseOutputs(info: JsonObject): OutputSpec[] {
  const types = isArray(info['output']) ? info['output'] : [];
  const names = isArray(info['output_name']) ? info['output_name'] : [];
  const tooltips = isArray(info['output_tooltips']) ? info['output_tooltips'] : [];
  const lists = isArray(info['output_is_list']) ? info['output_is_list'] : [];
  return types.map((type, slot) => {
    const typeName = isArray(type) ? 'COMBO' : stringOr(type, '*');
    return {
      name: stringOr(names[slot], '') || typeName,
      type: typeName,
      tooltip: stringOr(tooltips[slot], ''),
      isList: lists[slot] === true,
    };
  });
}

function widgetEntries(input: InputSpec): WidgetEntry[] {
  if (!input.widget) {
    return [];
  }
  const entry: WidgetEntry = { name: input.name, spec: input.widget };
  const options = isArray(input.raw) && isObject(input.raw[1]) ? input.raw[1] : {};
  const control = options[CONTROL_AFTER_GENERATE];
  if (control === undefined || control === false || control === null) {
    return [entry];
  }
  return [entry, { name: controlNameOf(input.name), spec: { kind: 'control', initial: seedControl(control), controls: input.name } }];
}

/** The entry beside `seed` is called `control_after_generate`; beside any other input it carries that name too. */
export function controlNameOf(input: string): string {
  return input === 'seed' || input === 'noise_seed' ? CONTROL_AFTER_GENERATE : `${input}.${CONTROL_AFTER_GENERATE}`;
}

export function seedControl(value: Json): SeedControl {
  return SEED_CONTROLS.find((control) => control === value) ?? 'randomize';
}

/** The value every widget of a fresh node starts with. */
export function initialValues(spec: NodeSpec): JsonObject {
  return Object.fromEntries(spec.widgets.map((widget) => [widget.name, widget.spec.initial]));
}
