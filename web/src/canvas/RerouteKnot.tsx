import type { NodeProps } from '@xyflow/react';
import type { ReactElement } from 'react';
import { outputType } from '../workflow/connection';
import { useSelected } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import type { CardNode } from './flow';
import { InputHandle, OutputHandle } from './Port';

/** A knot in a wire, in the colour of what runs through it. */
export function RerouteKnot({ id, data, selected }: NodeProps<CardNode>): ReactElement {
  const { editor } = useWorkbench();
  const type = useSelected(editor.history, (history) => outputType(history.present, id, 0));
  return (
    <div className={`reroute ${selected ? 'selected' : ''}`} aria-label={`Reroute ${id}`}>
      <InputHandle name={data.node.inputs[0]?.name ?? ''} type={type} of={`reroute ${id}`} linked optional={false} />
      <OutputHandle slot={0} name={type} type={type} of={`reroute ${id}`} linked />
    </div>
  );
}
