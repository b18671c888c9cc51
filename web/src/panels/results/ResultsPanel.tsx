import { type ReactElement, useMemo } from 'react';
import type { FileRef, HistoryEntry, NodeOutput } from '../../api/wire';
import { titleOf } from '../../workflow/toPrompt';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { formatMillis } from '../../widgets/elapsed';
import { Icon } from '../../widgets/Icon';
import { isEmptyOutput, OutputView } from '../../widgets/OutputView';

type Props = { readonly onOpen: (file: FileRef) => void };

/** What the nodes of the open workflow show: videos before pictures before texts, last one first. */
export function ResultsPanel({ onOpen }: Props): ReactElement {
  const { editor, runner } = useWorkbench();
  const { outputs, phase } = useObservable(runner.run);
  const { present } = useObservable(editor.history);
  const catalog = useObservable(editor.catalog);
  const shown = useMemo(() => ordered(outputs), [outputs]);
  if (shown.length === 0) {
    return (
      <div className="empty-panel">
        <Icon name="film" size={30} />
        <p>{phase === 'running' ? 'Running. Results appear here.' : 'Run a workflow and its videos, plots and tables appear here.'}</p>
      </div>
    );
  }
  return (
    <div className="panel-list">
      {shown.map(([id, output]) => {
        const node = present.nodes.get(id);
        return (
          <section key={id} className="result" aria-label={`Result of ${node ? titleOf(node, catalog) : `node ${id}`}`}>
            <button type="button" className="result-title" onClick={() => node && editor.focus.set([id])}>
              {node ? titleOf(node, catalog) : `Node ${id}`}
              <span className="muted">#{id}</span>
            </button>
            <OutputView output={output} onOpen={onOpen} />
          </section>
        );
      })}
    </div>
  );
}

function ordered(outputs: ReadonlyMap<string, NodeOutput>): [string, NodeOutput][] {
  const rank = ({ videos, images }: NodeOutput) => (videos.length > 0 ? 0 : images.length > 0 ? 1 : 2);
  return [...outputs]
    .filter(([, output]) => !isEmptyOutput(output))
    .reverse()
    .sort(([, a], [, b]) => rank(a) - rank(b));
}

/** Earlier runs, newest first; each opens its workflow or shows its results again. */
export function HistoryList({ onOpenWorkflow }: { readonly onOpenWorkflow: (entry: HistoryEntry) => void }): ReactElement {
  const { runner } = useWorkbench();
  const entries = useObservable(runner.history);
  if (entries.length === 0) {
    return <p className="muted padded">No run yet.</p>;
  }
  return (
    <ul className="rows" aria-label="History">
      {entries.map((entry) => (
        <li key={entry.item.promptId} className={`row ${entry.status}`}>
          <span className="row-mark" aria-hidden="true" />
          <span className="row-text">
            <strong>Run {entry.item.number}</strong>
            <span className="muted">
              {entry.status}
              {entry.startedAt !== undefined && entry.endedAt !== undefined && ` in ${formatMillis(entry.endedAt - entry.startedAt)}`}
              {`, ${countFiles(entry.outputs)} files`}
            </span>
          </span>
          <button type="button" className="text-button" onClick={() => runner.show(entry)}>
            Show
          </button>
          {entry.item.workflow !== undefined && (
            <button type="button" className="text-button" onClick={() => onOpenWorkflow(entry)}>
              Open
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function countFiles(outputs: ReadonlyMap<string, NodeOutput>): number {
  return [...outputs.values()].reduce((sum, { images, videos, audio, files }) => sum + images.length + videos.length + audio.length + files.length, 0);
}
