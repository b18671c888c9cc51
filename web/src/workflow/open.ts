import { isApiWorkflow } from './api';
import { readApiDocument } from './apiRead';
import { FormatError, isObject, type Json, parseJson } from './json';
import { readWorkflowMetadata } from './metadata/metadata';
import type { NodeCatalog } from './specs';
import { isUiWorkflow, readUi, type ReadResult } from './uiRead';

/** Opens a JSON value that is a workflow of either form. */
export function openJson(json: Json, catalog: NodeCatalog): ReadResult {
  if (isUiWorkflow(json)) {
    return readUi(json, catalog);
  }
  if (isApiWorkflow(json)) {
    return readApiDocument(json, catalog);
  }
  if (isObject(json) && 'templates' in json) {
    throw new FormatError('This file holds node templates, not a workflow.');
  }
  throw new FormatError('This JSON is not a workflow: expected "nodes" and "links", or nodes with a "class_type" each.');
}

/** Opens a workflow file: JSON text, or an image or a video that carries the workflow it was made by. */
export async function openBytes(bytes: Uint8Array, catalog: NodeCatalog): Promise<ReadResult> {
  const metadata = await readWorkflowMetadata(bytes);
  if (metadata === 'not media') {
    return openJson(parseJson(new TextDecoder().decode(bytes)), catalog);
  }
  const workflow = metadata.workflow === undefined ? undefined : parseJson(metadata.workflow);
  if (workflow !== undefined && isUiWorkflow(workflow)) {
    return readUi(workflow, catalog);
  }
  if (metadata.prompt !== undefined) {
    return openJson(parseJson(metadata.prompt), catalog);
  }
  throw new FormatError('This file carries no workflow.');
}
