import type { ReactElement } from 'react';
import { ARTIFACT_FOLDER, type Whereabouts as Where } from '../../state/inspection';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';

/** A new node is drawn before it can be brought into view. */
const FOCUS_MILLIS = 60;

/** What can be done with the file: load it when the server has it, or where to put it. */
export function Whereabouts({ where }: { readonly where: Where }): ReactElement {
  const { editor, inspection, notices } = useWorkbench();
  const load = () => {
    inspection.load().then(
      (nodes) => setTimeout(() => editor.focus.set(nodes), FOCUS_MILLIS),
      (error: unknown) => notices.fail(error),
    );
  };
  return (
    <footer className="artifact-footer">
      <span role="status" aria-label="Where the file is">
        <Sentence where={where} />
      </span>
      {where.kind !== 'here' && where.kind !== 'searching' && (
        <button type="button" className="button" onClick={() => void inspection.locate()}>
          Look again
        </button>
      )}
      <button type="button" className="button primary" disabled={where.kind !== 'here'} onClick={load}>
        <Icon name="add" size={14} /> Load Quantized
      </button>
    </footer>
  );
}

function Sentence({ where }: { readonly where: Where }): ReactElement {
  switch (where.kind) {
    case 'searching':
      return <>Asking the server for it ...</>;
    case 'here':
      return (
        <>
          The server has it as <code>{where.file}</code> in {ARTIFACT_FOLDER}.
        </>
      );
    case 'taken':
      return (
        <>
          The server has another file named <code>{where.file}</code> in {ARTIFACT_FOLDER}. Put this one into <code>{where.path}</code> under another name, then look again.
        </>
      );
    case 'absent':
      return (
        <>
          The server does not have it. Put it into <code>{where.path}</code>, then look again.
        </>
      );
    case 'unknown':
      return <>Whether the server has it is not known: {where.reason}</>;
  }
}
