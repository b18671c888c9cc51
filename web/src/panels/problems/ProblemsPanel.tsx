import type { ReactElement } from 'react';
import { titleOf } from '../../workflow/toPrompt';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';
import { type Problem, problemsOf } from './problems';

/** What went wrong, by node and input; a click shows the node. */
export function ProblemsPanel(): ReactElement {
  const { runner } = useWorkbench();
  const problems = problemsOf(useObservable(runner.run));
  if (problems.length === 0) {
    return (
      <div className="empty-panel">
        <Icon name="check" size={30} />
        <p>No problem.</p>
      </div>
    );
  }
  return (
    <ul className="problems" aria-label="Problems">
      {problems.map((problem, index) => (
        <ProblemRow key={index} problem={problem} />
      ))}
    </ul>
  );
}

function ProblemRow({ problem }: { readonly problem: Problem }): ReactElement {
  const { editor } = useWorkbench();
  const catalog = useObservable(editor.catalog);
  const { present } = useObservable(editor.history);
  const { node: id } = problem;
  const node = id === undefined ? undefined : present.nodes.get(id);
  const place = node ? titleOf(node, catalog) : (problem.nodeType ?? (id === undefined ? 'Workflow' : `Node ${id}`));
  return (
    <li className="problem-row" role="alert">
      <button type="button" className="problem-place" disabled={!node} onClick={() => id !== undefined && editor.focus.set([id])}>
        <Icon name="alert" size={15} />
        <span>{place}</span>
        {id !== undefined && <span className="muted">#{id}</span>}
        {problem.input !== undefined && <code>{problem.input}</code>}
      </button>
      <p>{problem.message}</p>
      {problem.details !== '' && problem.details !== problem.input && <p className="muted">{problem.details}</p>}
      {problem.traceback.length > 0 && (
        <details>
          <summary>Where it happened</summary>
          <pre>{problem.traceback.join('\n')}</pre>
        </details>
      )}
    </li>
  );
}
