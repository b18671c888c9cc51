import type { MouseEvent, ReactElement } from 'react';
import { RunProgress } from '../panels/progress/RunProgress';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { Icon, type IconName } from '../widgets/Icon';
import type { Actions } from './actions';
import { OPENABLE, pickFile } from './files';
import { Logo } from './Logo';

/** Buttons here do not take the focus when clicked, so that the space bar goes on opening the palette. */
function keepFocus(event: MouseEvent): void {
  if (event.target instanceof Element && event.target.closest('button')) {
    event.preventDefault();
  }
}

/** Name, files, undo, and the run. */
export function TopBar({ actions, onPalette }: { readonly actions: Actions; readonly onPalette: () => void }): ReactElement {
  const { editor, runner } = useWorkbench();
  const history = useObservable(editor.history);
  const saved = useObservable(editor.saved);
  const name = useObservable(editor.fileName);
  const run = useObservable(runner.run);
  const lastStep = history.past.at(-1)?.label;
  const nextStep = history.future[0]?.label;
  return (
    <header className="top-bar" onMouseDown={keepFocus}>
      <Logo />
      <div className="file">
        <input className="file-title" aria-label="Name of the workflow" value={name} size={Math.max(8, name.length)} onChange={(event) => editor.fileName.set(event.target.value)} />
        {history.present !== saved && <span className="unsaved" title="Changed since it was opened or saved" />}
      </div>
      <nav className="tools" aria-label="Workflow">
        <Tool icon="add" label="New workflow" onClick={() => actions.newWorkflow()} />
        <Tool icon="open" label="Open workflow" onClick={() => pickFile(OPENABLE, (file) => void actions.openFile(file))} />
        <Tool icon="save" label="Save workflow" hint="Ctrl+S" onClick={() => actions.save()} />
        <Tool icon="code" label="Save API form" onClick={() => actions.exportApi()} />
        <span className="gap" />
        <Tool icon="undo" label={lastStep === undefined ? 'Undo' : `Undo: ${lastStep}`} name="Undo" hint="Ctrl+Z" disabled={lastStep === undefined} onClick={() => editor.undo()} />
        <Tool icon="redo" label={nextStep === undefined ? 'Redo' : `Redo: ${nextStep}`} name="Redo" hint="Ctrl+Y" disabled={nextStep === undefined} onClick={() => editor.redo()} />
        <span className="gap" />
        <Tool icon="search" label="Add node" hint="Space" onClick={onPalette} />
        <Tool icon="layout" label="Arrange nodes" onClick={() => actions.arrange()} />
      </nav>
      <RunProgress />
      <div className="run-buttons">
        {run.phase === 'running' && (
          <button type="button" className="stop-button" onClick={() => void actions.interrupt()}>
            <Icon name="stop" size={14} />
            Interrupt
          </button>
        )}
        <button type="button" className="run-button" aria-label="Run" title="Run (Ctrl+Enter)" onClick={() => void actions.run()}>
          <Icon name="play" size={15} />
          Run
          {run.queueRemaining > 0 && <span className="queue-count">{run.queueRemaining}</span>}
        </button>
      </div>
    </header>
  );
}

type ToolProps = {
  readonly icon: IconName;
  readonly label: string;
  readonly name?: string;
  readonly hint?: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
};

function Tool({ icon, label, name, hint, disabled = false, onClick }: ToolProps): ReactElement {
  return (
    <button type="button" className="icon-button" aria-label={name ?? label} title={hint === undefined ? label : `${label} (${hint})`} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
