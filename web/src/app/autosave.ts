import { openJson } from '../workflow/open';
import { parseJson } from '../workflow/json';
import type { Editor } from '../state/editor';

const KEY = 'quantreel.workflow';
const NAME_KEY = 'quantreel.name';
const QUIET_MILLIS = 800;

/** Keeps the open workflow in the browser, so that closing the page loses nothing. Returns what ends it. */
export function startAutosave(editor: Editor, storage: Storage): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return editor.history.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      try {
        storage.setItem(KEY, JSON.stringify(editor.toJson()));
        storage.setItem(NAME_KEY, editor.fileName.get());
      } catch (error) {
        console.warn('The workflow is too large to be kept in the browser', error);
      }
    }, QUIET_MILLIS);
  });
}

/** Lets go of the kept workflow. */
export function forget(storage: Storage): void {
  storage.removeItem(KEY);
  storage.removeItem(NAME_KEY);
}

/** Opens the workflow that was on the canvas when the page was last closed. */
export function restore(editor: Editor, storage: Storage): boolean {
  const text = storage.getItem(KEY);
  if (text === null) {
    return false;
  }
  try {
    const result = openJson(parseJson(text), editor.catalog.get());
    if (result.document.nodes.size === 0) {
      return false;
    }
    editor.open(result, storage.getItem(NAME_KEY) ?? 'Untitled');
    return true;
  } catch (error) {
    console.warn('The kept workflow could not be read', error);
    return false;
  }
}
