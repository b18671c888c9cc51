import { FormatError, isArray, isObject, type Json, type JsonObject } from './json';

/** A node of the executable form: constants and `[nodeId, slot]` links by input name. Other keys are kept. */
export type ApiNode = JsonObject & { readonly class_type: string; readonly inputs: JsonObject };

/** The executable form of a workflow, called `prompt` on the wire: nodes by id. */
export type ApiPrompt = { readonly [id: string]: ApiNode };

/** A JSON object is an API workflow when every value of it names a node class. */
export function isApiWorkflow(json: Json): json is ApiPrompt {
  if (!isObject(json)) {
    return false;
  }
  const nodes = Object.values(json);
  return nodes.length > 0 && nodes.every((node) => isObject(node) && typeof node['class_type'] === 'string');
}

/** Reads an API workflow; every key of every node is kept as it is. */
export function readApi(json: Json): ApiPrompt {
  if (!isApiWorkflow(json)) {
    throw new FormatError('An API workflow is an object of nodes, each with a "class_type" and "inputs".');
  }
  return Object.fromEntries(
    Object.entries(json).map(([id, node]) => [id, { ...node, inputs: isObject(node['inputs']) ? node['inputs'] : {} }]),
  );
}

/** The link an input value stands for, if it is one. */
export function asApiLink(value: Json | undefined): { readonly source: string; readonly slot: number } | undefined {
  if (!isArray(value) || value.length !== 2) {
    return undefined;
  }
  const [source, slot] = value;
  if ((typeof source !== 'string' && typeof source !== 'number') || typeof slot !== 'number' || !Number.isInteger(slot)) {
    return undefined;
  }
  return { source: String(source), slot };
}

/** A constant as the API form writes it: lists are wrapped so that none is taken for a link. */
export function wrapConstant(value: Json): Json {
  return isArray(value) ? { __value__: value } : value;
}

export function unwrapConstant(value: Json): Json {
  return isObject(value) && isArray(value['__value__']) ? value['__value__'] : value;
}
