import { Panel, useReactFlow } from '@xyflow/react';
import { type ReactElement, useEffect, useState } from 'react';
import type { NodeId } from '../workflow/document';
import { specOf } from '../workflow/virtual';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { Icon, type IconName } from '../widgets/Icon';
import { NodeHelp } from './NodeHelp';

/** What can be done with the marked nodes. */
export function SelectionBar(): ReactElement | null {
  const { editor } = useWorkbench();
  const { getNode } = useReactFlow();
  const { nodes, links, groups } = useObservable(editor.selection);
  const count = nodes.length + links.length + groups.length;
  if (count === 0) {
    return null;
  }
  const sizeOf = (id: string) => {
    const measured = getNode(id)?.measured;
    return { width: measured?.width ?? 280, height: measured?.height ?? 160 };
  };
  return (
    <Panel position="top-center" className="selection-bar" role="toolbar" aria-label="Selection">
      {nodes.length === 1 && nodes[0] !== undefined && <About key={nodes[0]} node={nodes[0]} />}
      {nodes.length > 0 && (
        <>
          <Action icon="mute" label="Mute" hint="Ctrl+M" onClick={() => editor.toggleMode('never')} />
          <Action icon="bypass" label="Bypass" hint="Ctrl+B" onClick={() => editor.toggleMode('bypass')} />
          <Action icon="copy" label="Duplicate" hint="Ctrl+D" onClick={() => editor.duplicateSelection()} />
          <Action icon="group" label="Group" onClick={() => editor.groupSelection(sizeOf)} />
        </>
      )}
      <Action icon="trash" label="Delete" hint="Del" onClick={() => editor.removeSelection()} />
    </Panel>
  );
}

/** Opens what the marked node says about itself, by a click or F1. */
function About({ node }: { readonly node: NodeId }): ReactElement | null {
  const { editor } = useWorkbench();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'F1') {
        event.preventDefault();
        setOpen(true);
      }
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  const spec = specOf(editor.catalog.get(), editor.document.nodes.get(node)?.type ?? '');
  if (!spec) {
    return null;
  }
  return (
    <>
      <Action icon="info" label="About" hint="F1" onClick={() => setOpen(true)} />
      {open && <NodeHelp spec={spec} onClose={() => setOpen(false)} />}
    </>
  );
}

type ActionProps = { readonly icon: IconName; readonly label: string; readonly hint?: string; readonly onClick: () => void };

function Action({ icon, label, hint, onClick }: ActionProps): ReactElement {
  return (
    <button type="button" className="bar-button" title={hint === undefined ? label : `${label} (${hint})`} onClick={onClick}>
      <Icon name={icon} size={15} />
      {label}
    </button>
  );
}
