import { type ReactElement, useEffect, useState } from 'react';
import type { SystemStats } from '../api/client';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';

const WORDS = { open: 'Connected', connecting: 'Connecting', lost: 'Server away, trying again' } as const;

/** Connection, machine and size of the workflow, in one line. */
export function StatusBar(): ReactElement {
  const { editor, runner } = useWorkbench();
  const connection = useObservable(runner.connection);
  const { present } = useObservable(editor.history);
  const catalog = useObservable(editor.catalog);
  const [stats, setStats] = useState<SystemStats | undefined>(undefined);
  useEffect(() => {
    if (connection === 'open') {
      runner.client.systemStats().then(setStats, () => setStats(undefined));
    }
  }, [connection, runner]);
  return (
    <footer className="status-bar">
      <span className={`connection ${connection}`} role="status" aria-label="Connection">
        <span className="phase-dot" />
        {WORDS[connection]}
      </span>
      {stats && <span>{[stats.version, stats.device].filter((part) => part !== '').join(' on ')}</span>}
      {stats && stats.totalBytes > 0 && (
        <span>
          {gib(stats.freeBytes)} of {gib(stats.totalBytes)} GiB free
        </span>
      )}
      <span className="push">
        {count(present.nodes.size, 'node')}, {count(present.links.size, 'wire')}
      </span>
      <span>{count(catalog.size, 'node type')}</span>
    </footer>
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
