import type { RunState } from '../../api/run';

/** One thing that keeps a workflow from running, with where it is. */
export type Problem = { readonly node?: string; readonly nodeType?: string; readonly input?: string; readonly message: string; readonly details: string; readonly traceback: readonly string[] };

/** All that is wrong with the last prompt: the refusal as a whole, complaints about nodes, the failure of a node. */
export function problemsOf(run: RunState): Problem[] {
  const { error, rejection, nodeErrors } = run;
  const complaints = nodeErrors.map((complaint) => ({ ...complaint, traceback: [] }));
  const failure: Problem[] = error
    ? [
        {
          node: error.node,
          nodeType: error.nodeType,
          ...(error.input !== undefined && { input: error.input }),
          message: error.message,
          details: '',
          traceback: error.exception === '' ? error.traceback : [error.exception, ...error.traceback],
        },
      ]
    : [];
  const whole: Problem[] = rejection && complaints.length === 0 ? [{ ...rejection, traceback: [] }] : [];
  return [...failure, ...whole, ...complaints];
}
