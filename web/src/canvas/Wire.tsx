import { BaseEdge, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo, type ReactElement } from 'react';
import { useSelected } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import type { FlowEdge } from './flow';

/** A wire in the colour of its type; it flows while the node it feeds is running. */
export const Wire = memo(function Wire(props: EdgeProps<FlowEdge>): ReactElement {
  const { runner } = useWorkbench();
  const flowing = useSelected(runner.run, (run) => run.nodes.get(props.target)?.state === 'running');
  const [path] = getBezierPath({
    sourceX: props.sourceX,
    sourceY: props.sourceY,
    sourcePosition: props.sourcePosition,
    targetX: props.targetX,
    targetY: props.targetY,
    targetPosition: props.targetPosition,
    curvature: 0.32,
  });
  const colour = props.data?.colour ?? '#9aa3b5';
  return (
    <>
      <BaseEdge id={props.id} path={path} interactionWidth={18} className={`wire ${props.selected === true ? 'selected' : ''}`} style={{ stroke: colour }} />
      {flowing && <path d={path} className="wire-flow" style={{ stroke: colour }} />}
    </>
  );
});
