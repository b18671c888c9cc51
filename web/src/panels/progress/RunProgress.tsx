import type { ReactElement } from 'react';
import { overallProgress, type RunState } from '../../api/run';
import { titleOf } from '../../workflow/toPrompt';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { formatMillis } from '../../widgets/elapsed';
import { useNow } from '../../widgets/useNow';

const PHASES: Record<RunState['phase'], string> = {
  idle: 'Ready',
  queued: 'Queued',
  running: 'Running',
  success: 'Done',
  error: 'Failed',
  interrupted: 'Interrupted',
};

/** The run in one line: phase, node, share done, elapsed time. */
export function RunProgress(): ReactElement {
  const { editor, runner } = useWorkbench();
  const run = useObservable(runner.run);
  const { present } = useObservable(editor.history);
  const catalog = useObservable(editor.catalog);
  const now = useNow(run.phase === 'running');
  const share = overallProgress(run);
  const node = run.current === undefined ? undefined : present.nodes.get(run.current);
  const elapsed = run.startedAt === undefined ? undefined : (run.endedAt ?? now) - run.startedAt;
  return (
    <div className={`run-progress ${run.phase}`}>
      <span className="phase" role="status" aria-label="Run state">
        <span className="phase-dot" />
        {PHASES[run.phase]}
      </span>
      {node && <span className="run-node">{titleOf(node, catalog)}</span>}
      {run.phase === 'running' && <span className="run-share">{Math.round(share * 100)} %</span>}
      {elapsed !== undefined && (
        <span className="run-elapsed" aria-label="Elapsed time">
          {formatMillis(elapsed)}
        </span>
      )}
      <div
        className="run-bar"
        role="progressbar"
        aria-label="Workflow progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        hidden={run.phase === 'idle' || run.phase === 'queued'}
      >
        <span style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
