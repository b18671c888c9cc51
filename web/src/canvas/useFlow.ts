import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange, type OnSelectionChangeParams } from '@xyflow/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Command } from '../workflow/commands';
import type { Group, NodeId, Position } from '../workflow/document';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { type FlowEdge, type FlowNode, flowEdges, flowNodes } from './flow';

/** The document as xyflow's nodes and edges, and xyflow's changes as commands on the document. */
export function useFlow() {
  const { editor } = useWorkbench();
  const { present } = useObservable(editor.history);
  const catalog = useObservable(editor.catalog);
  const [nodes, setNodes] = useState<FlowNode[]>([]);
  const [edges, setEdges] = useState<FlowEdge[]>([]);
  const latest = useRef<FlowNode[]>(nodes);
  const carried = useRef<ReadonlySet<NodeId>>(new Set());

  useEffect(() => {
    latest.current = nodes;
  }, [nodes]);

  useEffect(() => {
    setNodes((previous) => flowNodes(present, catalog, previous));
    setEdges((previous) => flowEdges(present, previous));
  }, [present, catalog]);

  const onNodesChange = useCallback((changes: NodeChange<FlowNode>[]) => {
    setNodes((previous) => {
      const next = applyNodeChanges([...changes, ...carriedChanges(changes, previous, carried.current)], previous);
      latest.current = next;
      return next;
    });
  }, []);

  const onEdgesChange = useCallback((changes: EdgeChange<FlowEdge>[]) => setEdges((previous) => applyEdgeChanges(changes, previous)), []);

  const onNodeDragStart = useCallback(
    (_: unknown, node: FlowNode) => {
      carried.current = node.type === 'frame' ? nodesInside(node.data.group, latest.current) : new Set();
    },
    [],
  );

  const onNodeDragStop = useCallback(
    (_: unknown, dragged: FlowNode, all: FlowNode[]) => {
      const moved = new Set([dragged.id, ...all.map((node) => node.id), ...carried.current]);
      carried.current = new Set();
      const command = moveCommand(latest.current.filter((node) => moved.has(node.id)));
      if (command) {
        editor.execute(command);
      }
    },
    [editor],
  );

  const onSelectionChange = useCallback(
    ({ nodes: marked, edges: markedEdges }: OnSelectionChangeParams<FlowNode, FlowEdge>) => {
      editor.selection.set({
        nodes: marked.filter((node) => node.type !== 'frame').map((node) => node.id),
        groups: marked.filter((node) => node.type === 'frame').map((node) => node.id),
        links: markedEdges.map((edge) => Number(edge.id)),
      });
    },
    [editor],
  );

  return { nodes, edges, onNodesChange, onEdgesChange, onNodeDragStart, onNodeDragStop, onSelectionChange };
}

/** Moves of the nodes that ride along when a frame is dragged. */
function carriedChanges(changes: readonly NodeChange<FlowNode>[], nodes: readonly FlowNode[], riders: ReadonlySet<NodeId>): NodeChange<FlowNode>[] {
  const frameMove = changes.find((change) => change.type === 'position' && nodes.some((node) => node.id === change.id && node.type === 'frame'));
  const frame = frameMove?.type === 'position' ? nodes.find((node) => node.id === frameMove.id) : undefined;
  if (riders.size === 0 || frameMove?.type !== 'position' || !frameMove.position || !frame) {
    return [];
  }
  const dx = frameMove.position.x - frame.position.x;
  const dy = frameMove.position.y - frame.position.y;
  const alreadyMoved = new Set(changes.map((change) => ('id' in change ? change.id : '')));
  return nodes
    .filter((node) => riders.has(node.id) && !alreadyMoved.has(node.id))
    .map((node) => ({ type: 'position', id: node.id, position: { x: node.position.x + dx, y: node.position.y + dy } }));
}

/** Nodes whose middle lies within a frame. */
function nodesInside(group: Group, nodes: readonly FlowNode[]): ReadonlySet<NodeId> {
  const right = group.position.x + group.size.width;
  const bottom = group.position.y + group.size.height;
  const inside = nodes.filter((node) => {
    const x = node.position.x + (node.measured?.width ?? 0) / 2;
    const y = node.position.y + (node.measured?.height ?? 0) / 2;
    return node.type !== 'frame' && x > group.position.x && x < right && y > group.position.y && y < bottom;
  });
  return new Set(inside.map((node) => node.id));
}

function moveCommand(moved: readonly FlowNode[]): Command | undefined {
  const positions = new Map<NodeId, Position>();
  const commands: Command[] = [];
  for (const node of moved) {
    const place = { x: Math.round(node.position.x), y: Math.round(node.position.y) };
    if (node.type === 'frame') {
      commands.push({ kind: 'changeGroup', group: { ...node.data.group, position: place } });
    } else if (place.x !== node.data.node.position.x || place.y !== node.data.node.position.y) {
      positions.set(node.id, place);
    }
  }
  if (positions.size > 0) {
    commands.push({ kind: 'moveNodes', positions });
  }
  return commands.length === 0 ? undefined : { kind: 'all', label: 'Move', commands };
}
