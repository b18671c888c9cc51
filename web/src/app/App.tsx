import { type ReactElement, useCallback, useEffect, useMemo, useState } from 'react';
import { overallProgress } from '../api/run';
import type { FileRef } from '../api/wire';
import { Canvas, NODE_DRAG_TYPE } from '../canvas/Canvas';
import { ArtifactView } from '../panels/artifact/ArtifactView';
import { ExamplesPanel } from '../panels/library/ExamplesPanel';
import { LibraryPanel } from '../panels/library/LibraryPanel';
import { problemsOf } from '../panels/problems/problems';
import { ProblemsPanel } from '../panels/problems/ProblemsPanel';
import { QueuePanel } from '../panels/queue/QueuePanel';
import { Lightbox } from '../panels/results/Lightbox';
import { HistoryList, ResultsPanel } from '../panels/results/ResultsPanel';
import { useObservable, useSelected } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { Icon } from '../widgets/Icon';
import { Actions } from './actions';
import { NoticeList } from './NoticeList';
import { StatusBar } from './StatusBar';
import { Tabs } from './Tabs';
import { TopBar } from './TopBar';
import { useFileDrop } from './useFileDrop';
import { useShortcuts } from './useShortcuts';

/** The page: library at the left, canvas in the middle, results, queue and problems at the right. */
export function App(): ReactElement {
  const workbench = useWorkbench();
  const { editor } = workbench;
  const actions = useMemo(() => new Actions(workbench), [workbench]);
  const [palette, setPalette] = useState(false);
  const [large, setLarge] = useState<FileRef | undefined>(undefined);
  const openPalette = useCallback(() => setPalette(true), []);
  useShortcuts(editor, actions, openPalette);
  const hovering = useFileDrop(actions);
  useTitle();
  return (
    <div className="app">
      <TopBar actions={actions} onPalette={openPalette} />
      <main>
        <LeftSide actions={actions} />
        <div className="stage">
          <Canvas paletteWanted={palette} onPaletteClosed={() => setPalette(false)} />
          <Welcome onPalette={openPalette} />
        </div>
        <RightSide actions={actions} onOpen={setLarge} />
      </main>
      <StatusBar />
      <NoticeList />
      {hovering && <div className="drop-veil">Drop a workflow, an image or a video that carries one, or a quantized model</div>}
      <ArtifactView />
      {large && <Lightbox file={large} onClose={() => setLarge(undefined)} />}
    </div>
  );
}

/** The tab of the browser says which workflow is open and how far its run is. */
function useTitle(): void {
  const { editor, runner } = useWorkbench();
  const name = useObservable(editor.fileName);
  const percent = useSelected(runner.run, (run) => (run.phase === 'running' ? Math.round(100 * overallProgress(run)) : undefined));
  useEffect(() => {
    document.title = percent === undefined ? `${name} - Quantreel` : `${percent} % ${name} - Quantreel`;
  }, [name, percent]);
}

function LeftSide({ actions }: { readonly actions: Actions }): ReactElement {
  const { editor } = useWorkbench();
  const add = useCallback(
    (spec: Parameters<typeof editor.add>[0]) => {
      const nodes = [...editor.document.nodes.values()];
      const right = nodes.reduce((most, node) => Math.max(most, node.position.x + (node.size?.width ?? 280)), 0);
      const top = nodes.length === 0 ? 0 : Math.min(...nodes.map((node) => node.position.y));
      const id = editor.add(spec, { x: right + 60, y: top });
      setTimeout(() => editor.focus.set([id]), 50);
    },
    [editor],
  );
  return (
    <Tabs
      side="left"
      tabs={[
        { key: 'nodes', label: 'Nodes', content: <LibraryPanel onAdd={add} dragType={NODE_DRAG_TYPE} /> },
        { key: 'examples', label: 'Examples', content: <ExamplesPanel onOpen={(template) => void actions.openTemplate(template)} /> },
      ]}
    />
  );
}

function RightSide({ actions, onOpen }: { readonly actions: Actions; readonly onOpen: (file: FileRef) => void }): ReactElement {
  const { runner } = useWorkbench();
  const run = useObservable(runner.run);
  const problems = problemsOf(run).length;
  const [wanted, setWanted] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (run.phase === 'error' && problems > 0) {
      setWanted('problems');
    } else if (run.phase === 'running') {
      setWanted('results');
    }
  }, [run.phase, problems]);
  return (
    <Tabs
      side="right"
      wanted={wanted}
      onChosen={() => setWanted(undefined)}
      tabs={[
        { key: 'results', label: 'Results', content: <ResultsPanel onOpen={onOpen} /> },
        {
          key: 'queue',
          label: 'Queue',
          count: run.queueRemaining,
          content: (
            <>
              <h2 className="panel-heading">Now</h2>
              <QueuePanel />
              <h2 className="panel-heading">Before</h2>
              <HistoryList onOpenWorkflow={(entry) => void actions.openHistory(entry)} />
            </>
          ),
        },
        { key: 'problems', label: 'Problems', count: problems, alarm: true, content: <ProblemsPanel /> },
      ]}
    />
  );
}

/** Shown over an empty canvas: the three ways to begin. */
function Welcome({ onPalette }: { readonly onPalette: () => void }): ReactElement | null {
  const { editor } = useWorkbench();
  const empty = useSelected(editor.history, (history) => history.present.nodes.size === 0);
  if (!empty) {
    return null;
  }
  return (
    <div className="welcome">
      <Icon name="film" size={34} />
      <h1>Drop a workflow here</h1>
      <p>A workflow JSON, a video or image made by Quantreel, or a quantized model to see what is in it.</p>
      <p>
        Or pick one under <em>Examples</em>, or{' '}
        <button type="button" className="text-button" onClick={onPalette}>
          add a node
        </button>{' '}
        with <kbd>Space</kbd>.
      </p>
    </div>
  );
}
