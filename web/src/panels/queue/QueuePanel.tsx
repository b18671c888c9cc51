import type { ReactElement } from 'react';
import { overallProgress } from '../../api/run';
import type { QueueItem } from '../../api/wire';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';

/** What runs and what waits. */
export function QueuePanel(): ReactElement {
  const { runner, notices } = useWorkbench();
  const { running, pending } = useObservable(runner.queue);
  const run = useObservable(runner.run);
  const attempt = (action: Promise<void>) => void action.then(() => runner.refresh()).catch((error: unknown) => notices.fail(error));
  if (running.length + pending.length === 0) {
    return <p className="muted padded">Nothing runs and nothing waits.</p>;
  }
  return (
    <>
      <ul className="rows" aria-label="Queue">
        {running.map((item) => (
          <Row key={item.promptId} item={item} state="running" detail={item.promptId === run.promptId ? `${Math.round(100 * overallProgress(run))} %` : 'running'}>
            <button type="button" className="icon-button" aria-label={`Interrupt run ${item.number}`} onClick={() => attempt(runner.client.interrupt(item.promptId))}>
              <Icon name="stop" size={14} />
            </button>
          </Row>
        ))}
        {pending.map((item, index) => (
          <Row key={item.promptId} item={item} state="pending" detail={index === 0 ? 'next' : `after ${index} more`}>
            <button type="button" className="icon-button" aria-label={`Remove run ${item.number}`} onClick={() => attempt(runner.client.removeFromQueue(item.promptId))}>
              <Icon name="close" size={14} />
            </button>
          </Row>
        ))}
      </ul>
      {pending.length > 1 && (
        <button type="button" className="text-button padded" onClick={() => attempt(runner.client.clearQueue())}>
          Remove all that wait
        </button>
      )}
    </>
  );
}

type RowProps = { readonly item: QueueItem; readonly state: string; readonly detail: string; readonly children: ReactElement };

function Row({ item, state, detail, children }: RowProps): ReactElement {
  return (
    <li className={`row ${state}`}>
      <span className="row-mark" aria-hidden="true" />
      <span className="row-text">
        <strong>Run {item.number}</strong>
        <span className="muted">
          {Object.keys(item.prompt).length} nodes, {detail}
        </span>
      </span>
      {children}
    </li>
  );
}
