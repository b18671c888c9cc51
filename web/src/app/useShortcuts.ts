import { useEffect } from 'react';
import type { Editor } from '../state/editor';
import type { Actions } from './actions';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName) || (target instanceof HTMLInputElement && target.type !== 'range'));
}

/** The keyboard of the page. Keys typed into a field stay with the field, except running and saving. */
export function useShortcuts(editor: Editor, actions: Actions, openPalette: () => void): void {
  useEffect(() => {
    const anywhere: Record<string, () => void> = {
      'ctrl+enter': () => void actions.run(),
      'ctrl+s': () => actions.save(),
    };
    const outsideFields: Record<string, () => void> = {
      'ctrl+z': () => editor.undo(),
      'ctrl+y': () => editor.redo(),
      'ctrl+shift+z': () => editor.redo(),
      'ctrl+d': () => editor.duplicateSelection(),
      'ctrl+m': () => editor.toggleMode('never'),
      'ctrl+b': () => editor.toggleMode('bypass'),
      delete: () => editor.removeSelection(),
      backspace: () => editor.removeSelection(),
      ' ': openPalette,
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector('[role="dialog"], dialog[open]')) {
        return;
      }
      const modifiers = `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${event.shiftKey ? 'shift+' : ''}`;
      const key = modifiers + event.key.toLowerCase();
      const onButton = event.target instanceof HTMLButtonElement && event.key === ' ';
      const action = anywhere[key] ?? (isTyping(event.target) || onButton ? undefined : outsideFields[key]);
      if (action) {
        event.preventDefault();
        action();
      }
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [editor, actions, openPalette]);
}
