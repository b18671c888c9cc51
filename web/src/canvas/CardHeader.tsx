import { type ReactElement, useState } from 'react';
import type { NodeRun } from '../api/run';
import type { WorkflowNode } from '../workflow/document';
import type { NodeSpec } from '../workflow/specs';
import { useWorkbench } from '../state/workbench';
import { formatMillis } from '../widgets/elapsed';
import { Icon } from '../widgets/Icon';
import { useNow } from '../widgets/useNow';

type Props = { readonly node: WorkflowNode; readonly title: string; readonly spec: NodeSpec | undefined; readonly run: NodeRun | undefined };

/** Title, state and progress of a node. A double click renames it, the arrow folds it. */
export function CardHeader({ node, title, spec, run }: Props): ReactElement {
  const { editor } = useWorkbench();
  const [renaming, setRenaming] = useState(false);
  const rename = (text: string) => {
    setRenaming(false);
    editor.execute({ kind: 'setTitle', node: node.id, title: text === spec?.title ? '' : text });
  };
  return (
    <header className="card-header drag-handle" title={spec?.description}>
      <button
        type="button"
        className="fold nodrag"
        aria-label={node.collapsed ? `Expand ${title}` : `Collapse ${title}`}
        aria-expanded={!node.collapsed}
        onClick={() => editor.execute({ kind: 'setCollapsed', node: node.id, collapsed: !node.collapsed })}
      >
        <Icon name="chevron" size={14} />
      </button>
      {renaming ? (
        <input
          className="title-input nodrag"
          aria-label="Title"
          defaultValue={title}
          autoFocus
          onBlur={(event) => rename(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              rename(event.currentTarget.value);
            } else if (event.key === 'Escape') {
              setRenaming(false);
            }
          }}
        />
      ) : (
        <h3
          className="card-title"
          onDoubleClick={(event) => {
            event.stopPropagation();
            setRenaming(true);
          }}
        >
          {title}
        </h3>
      )}
      {node.mode === 'never' && <span className="badge">muted</span>}
      {node.mode === 'bypass' && <span className="badge bypass">bypassed</span>}
      {run && <RunBadge run={run} />}
      {run?.state === 'running' && (
        <div
          className="card-progress"
          role="progressbar"
          aria-label={`Progress of ${title}`}
          aria-valuemin={0}
          aria-valuemax={run.max}
          aria-valuenow={run.value}
        >
          <span className={run.max > 1 ? '' : 'indeterminate'} style={{ width: `${Math.min(100, (100 * run.value) / Math.max(1, run.max))}%` }} />
        </div>
      )}
    </header>
  );
}

function RunBadge({ run }: { readonly run: NodeRun }): ReactElement | null {
  const running = run.state === 'running';
  const now = useNow(running);
  switch (run.state) {
    case 'running':
      return (
        <span className="run-badge running">
          {run.max > 1 ? `${run.value}/${run.max}` : ''} {run.startedAt !== undefined && formatMillis(now - run.startedAt)}
        </span>
      );
    case 'finished':
      return (
        <span className="run-badge finished">
          {run.startedAt !== undefined && run.endedAt !== undefined && formatMillis(run.endedAt - run.startedAt)}
          <Icon name="check" size={13} />
        </span>
      );
    case 'cached':
      return <span className="run-badge cached">cached</span>;
    case 'error':
      return <span className="run-badge failed">failed</span>;
    case 'waiting':
      return null;
  }
}
