import { type ConnectionState, Handle, Position, useConnection, useNodeId } from '@xyflow/react';
import type { ReactElement } from 'react';
import { outputType } from '../workflow/connection';
import { typesMatch } from '../workflow/linkTypes';
import { useWorkbench } from '../state/workbench';
import { typeColour } from '../widgets/typeColours';
import { handleOfInput, handleOfOutput, inputOfHandle, outputOfHandle } from './flow';

type InputProps = { readonly name: string; readonly type: string; readonly of: string; readonly linked: boolean; readonly optional: boolean };

/** The dot at the left of a row, where a wire ends. Optional inputs are hollow until they are linked. */
export function InputHandle({ name, type, of, linked, optional }: InputProps): ReactElement {
  const fit = useFit('target', type);
  return (
    <Handle
      type="target"
      position={Position.Left}
      id={handleOfInput(name)}
      className={`port ${linked ? 'linked' : ''} ${optional ? 'optional' : ''} ${fit}`}
      style={{ '--port': typeColour(type) } as React.CSSProperties}
      aria-label={`Input ${name} of ${of}`}
      title={`${name}: ${type}`}
    />
  );
}

type OutputProps = { readonly slot: number; readonly name: string; readonly type: string; readonly of: string; readonly linked: boolean };

/** The dot at the right of a row, where wires begin. */
export function OutputHandle({ slot, name, type, of, linked }: OutputProps): ReactElement {
  const fit = useFit('source', type);
  return (
    <Handle
      type="source"
      position={Position.Right}
      id={handleOfOutput(slot)}
      className={`port ${linked ? 'linked' : ''} ${fit}`}
      style={{ '--port': typeColour(type) } as React.CSSProperties}
      aria-label={`Output ${name} of ${of}`}
      title={`${name}: ${type}`}
    />
  );
}

const SEPARATOR = '\n';

/** The end a wire is being drawn from, as a text, so that ports render again only when it changes. */
function drawnFrom(connection: ConnectionState): string {
  const handle = connection.inProgress ? connection.fromHandle : null;
  return handle ? [handle.type, handle.nodeId, handle.id ?? ''].join(SEPARATOR) : '';
}

/** While a wire is drawn: could it end at this port? */
function useFit(side: 'source' | 'target', type: string): 'fits' | 'unfit' | '' {
  const { editor } = useWorkbench();
  const nodeId = useNodeId();
  const [fromSide = '', fromNode = '', fromHandle = ''] = useConnection(drawnFrom).split(SEPARATOR);
  if (fromSide === '') {
    return '';
  }
  if (fromSide === side || fromNode === nodeId) {
    return fromNode === nodeId && fromSide === side ? '' : 'unfit';
  }
  if (fromSide === 'source') {
    return typesMatch(outputType(editor.document, fromNode, outputOfHandle(fromHandle)), type) ? 'fits' : 'unfit';
  }
  const wanted = editor.document.nodes.get(fromNode)?.inputs.find((input) => input.name === inputOfHandle(fromHandle));
  return wanted && typesMatch(type, wanted.type) ? 'fits' : 'unfit';
}
