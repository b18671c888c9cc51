import { type Connection, type FinalConnectionState, useReactFlow } from '@xyflow/react';
import { useCallback, useRef } from 'react';
import { type Ends, outputType, refusal } from '../workflow/connection';
import type { NodeId, Position } from '../workflow/document';
import type { PortFilter } from '../workflow/search';
import { useWorkbench } from '../state/workbench';
import { type FlowEdge, inputOfHandle, outputOfHandle } from './flow';

/** One end of a wire that waits for the other. */
export type LooseEnd = { readonly node: NodeId; readonly handle: string; readonly side: 'source' | 'target' };

export type WireDrop = { readonly end: LooseEnd; readonly filter: PortFilter; readonly position: Position };

function endsOf(connection: Pick<Connection, 'source' | 'target' | 'sourceHandle' | 'targetHandle'>): Ends | undefined {
  const { source, target, sourceHandle, targetHandle } = connection;
  if (!sourceHandle || !targetHandle) {
    return undefined;
  }
  return { source, sourceSlot: outputOfHandle(sourceHandle), target, targetInput: inputOfHandle(targetHandle) };
}

/** Drawing, moving and dropping wires. A wire that does not fit is refused with the reason. */
export function useWiring(onDropInTheOpen: (drop: WireDrop) => void) {
  const { editor, notices } = useWorkbench();
  const { screenToFlowPosition } = useReactFlow();
  const reconnected = useRef(false);

  const isValidConnection = useCallback(
    (connection: Connection | FlowEdge) => {
      const ends = endsOf({ ...connection, sourceHandle: connection.sourceHandle ?? null, targetHandle: connection.targetHandle ?? null });
      return ends !== undefined && refusal(editor.document, ends) === undefined;
    },
    [editor],
  );

  const onConnect = useCallback(
    (connection: Connection) => {
      const ends = endsOf(connection);
      if (ends) {
        editor.execute({ kind: 'connect', ends });
      }
    },
    [editor],
  );

  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const from = state.fromHandle;
      if (!from?.id || state.isValid === true) {
        return;
      }
      const end: LooseEnd = { node: from.nodeId, handle: from.id, side: from.type };
      if (state.toHandle?.id) {
        const other: LooseEnd = { node: state.toHandle.nodeId, handle: state.toHandle.id, side: state.toHandle.type };
        notices.show('warning', reasonAgainst(end, other) ?? refusal(editor.document, join(end, other)) ?? 'These ports do not fit.');
        return;
      }
      const point = 'changedTouches' in event ? event.changedTouches[0] : event;
      if (!point) {
        return;
      }
      const under = document.elementFromPoint(point.clientX, point.clientY);
      const node = under?.closest<HTMLElement>('.react-flow__node')?.dataset['id'];
      if (node !== undefined) {
        const ends = firstFit(editor.document, end, node);
        if (ends) {
          editor.execute({ kind: 'connect', ends });
        }
      } else if (under?.closest('.react-flow__pane')) {
        onDropInTheOpen({ end, filter: filterFor(editor.document, end), position: screenToFlowPosition({ x: point.clientX, y: point.clientY }) });
      }
    },
    [editor, notices, onDropInTheOpen, screenToFlowPosition],
  );

  const onReconnectStart = useCallback(() => {
    reconnected.current = false;
  }, []);

  const onReconnect = useCallback(
    (old: FlowEdge, connection: Connection) => {
      const ends = endsOf(connection);
      reconnected.current = true;
      if (ends) {
        editor.execute({
          kind: 'all',
          label: 'Move wire',
          commands: [
            { kind: 'disconnect', links: [Number(old.id)] },
            { kind: 'connect', ends },
          ],
        });
      }
    },
    [editor],
  );

  const onReconnectEnd = useCallback(
    (_: MouseEvent | TouchEvent, edge: FlowEdge) => {
      if (!reconnected.current) {
        editor.execute({ kind: 'disconnect', links: [Number(edge.id)] });
      }
    },
    [editor],
  );

  return { isValidConnection, onConnect, onConnectEnd, onReconnectStart, onReconnect, onReconnectEnd };
}

function reasonAgainst(end: LooseEnd, other: LooseEnd): string | undefined {
  return end.side === other.side ? `An ${end.side === 'source' ? 'output' : 'input'} cannot feed an ${other.side === 'source' ? 'output' : 'input'}.` : undefined;
}

function join(end: LooseEnd, other: LooseEnd): Ends {
  const [source, target] = end.side === 'source' ? [end, other] : [other, end];
  return { source: source.node, sourceSlot: outputOfHandle(source.handle), target: target.node, targetInput: inputOfHandle(target.handle) };
}

function filterFor(document: Parameters<typeof outputType>[0], end: LooseEnd): PortFilter {
  if (end.side === 'source') {
    return { direction: 'takes', type: outputType(document, end.node, outputOfHandle(end.handle)) };
  }
  const input = document.nodes.get(end.node)?.inputs.find((port) => port.name === inputOfHandle(end.handle));
  return { direction: 'gives', type: input?.type ?? '*' };
}

/** The first port of a node that can take the loose end: unlinked inputs without an editor come first. */
export function firstFit(document: Parameters<typeof outputType>[0], end: LooseEnd, nodeId: NodeId): Ends | undefined {
  const node = document.nodes.get(nodeId);
  if (!node) {
    return undefined;
  }
  if (end.side === 'target') {
    const ends = node.outputs.map((_, slot) => ({ source: nodeId, sourceSlot: slot, target: end.node, targetInput: inputOfHandle(end.handle) }));
    return ends.find((candidate) => refusal(document, candidate) === undefined);
  }
  const linked = new Set([...document.links.values()].filter((link) => link.target === nodeId).map((link) => link.targetInput));
  const rank = (input: { name: string; widget: boolean }) => (linked.has(input.name) ? 2 : 0) + (input.widget ? 1 : 0);
  const inputs = [...node.inputs].sort((a, b) => rank(a) - rank(b));
  return inputs
    .map((input) => ({ source: end.node, sourceSlot: outputOfHandle(end.handle), target: nodeId, targetInput: input.name }))
    .find((candidate) => refusal(document, candidate) === undefined);
}
