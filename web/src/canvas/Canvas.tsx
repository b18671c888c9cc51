import { Background, BackgroundVariant, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { type DragEvent, type MouseEvent, type ReactElement, useCallback, useEffect, useRef, useState } from 'react';
import type { Position } from '../workflow/document';
import type { NodeSpec } from '../workflow/specs';
import { specOf } from '../workflow/virtual';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { categoryColour } from '../widgets/typeColours';
import type { FlowNode } from './flow';
import { GroupFrame } from './GroupFrame';
import { NodeCard } from './NodeCard';
import { NoteCard } from './NoteCard';
import { Palette } from './Palette';
import { RerouteKnot } from './RerouteKnot';
import { SelectionBar } from './SelectionBar';
import { useFlow } from './useFlow';
import { firstFit, useWiring, type WireDrop } from './useWiring';
import { Wire } from './Wire';

const NODE_TYPES = { card: NodeCard, note: NoteCard, reroute: RerouteKnot, frame: GroupFrame };
const EDGE_TYPES = { wire: Wire };

/** From this number of nodes on only those in view are drawn. */
const MANY_NODES = 150;

/** Kind of the data a node dragged from the library carries: the name of its type. */
export const NODE_DRAG_TYPE = 'application/x-quantreel-node';

type PaletteState = { readonly position: Position; readonly wire?: WireDrop };

type Props = {
  /** Is the palette wanted (by the space bar or a button), at the middle of the view? */
  readonly paletteWanted: boolean;
  readonly onPaletteClosed: () => void;
};

/** The canvas of the open workflow. */
export function Canvas(props: Props): ReactElement {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph({ paletteWanted, onPaletteClosed }: Props): ReactElement {
  const { editor } = useWorkbench();
  const catalog = useObservable(editor.catalog);
  const [asked, setAsked] = useState<PaletteState | undefined>(undefined);
  const frame = useRef<HTMLDivElement>(null);
  const { screenToFlowPosition } = useReactFlow();
  const flow = useFlow();
  const wiring = useWiring(useCallback((wire: WireDrop) => setAsked({ position: wire.position, wire }), []));
  useView();

  const middle = (): Position => {
    const box = frame.current?.getBoundingClientRect();
    return box ? screenToFlowPosition({ x: box.left + box.width / 2 - 140, y: box.top + box.height / 3 }) : { x: 0, y: 0 };
  };
  const palette = asked ?? (paletteWanted ? { position: middle() } : undefined);
  const closePalette = () => {
    setAsked(undefined);
    onPaletteClosed();
  };
  const pick = (spec: NodeSpec, place: PaletteState) => {
    const id = editor.add(spec, place.position);
    const ends = place.wire && firstFit(editor.document, place.wire.end, id);
    if (ends) {
      editor.execute({ kind: 'connect', ends });
    }
    closePalette();
  };
  const onDoubleClick = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.classList.contains('react-flow__pane')) {
      setAsked({ position: screenToFlowPosition({ x: event.clientX, y: event.clientY }) });
    }
  };
  const onDrop = (event: DragEvent) => {
    const spec = specOf(catalog, event.dataTransfer.getData(NODE_DRAG_TYPE));
    if (spec) {
      event.preventDefault();
      event.stopPropagation();
      editor.add(spec, screenToFlowPosition({ x: event.clientX, y: event.clientY }));
    }
  };
  const colourOf = useCallback(
    (node: FlowNode) => (node.type === 'frame' ? 'transparent' : categoryColour(specOf(catalog, node.data.node.type)?.category ?? 'missing')),
    [catalog],
  );
  return (
    <div className="canvas" ref={frame} role="region" aria-label="Canvas" onDoubleClick={onDoubleClick} onDrop={onDrop} onDragOver={(event) => event.preventDefault()}>
      <ReactFlow
        {...flow}
        {...wiring}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        colorMode="dark"
        minZoom={0.1}
        maxZoom={2}
        zoomOnDoubleClick={false}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={['Shift', 'Control', 'Meta']}
        panActivationKeyCode={null}
        connectionRadius={24}
        reconnectRadius={12}
        elevateNodesOnSelect
        onlyRenderVisibleElements={flow.nodes.length > MANY_NODES}
        fitViewOptions={{ padding: 0.07, maxZoom: 1 }}
      >
        <Background variant={BackgroundVariant.Dots} gap={24} size={2} color="#303848" />
        <MiniMap style={{ width: 168, height: 112 }} pannable zoomable ariaLabel="Map of the workflow" nodeColor={colourOf} nodeStrokeWidth={0} nodeBorderRadius={6} bgColor="#12151c" maskColor="rgb(8 10 14 / 62%)" />
        <Controls showInteractive={false} fitViewOptions={{ padding: 0.07, maxZoom: 1, duration: 250 }} />
        <SelectionBar />
      </ReactFlow>
      {palette && (
        <Palette
          catalog={catalog}
          {...(palette.wire && { filter: palette.wire.filter })}
          onPick={(spec) => pick(spec, palette)}
          onClose={closePalette}
        />
      )}
    </div>
  );
}

/** Fits the view to a newly opened workflow, and brings nodes into view that something asked for. */
function useView(): void {
  const { editor } = useWorkbench();
  const { fitView, setNodes } = useReactFlow<FlowNode>();
  const openings = useObservable(editor.openings);
  const focus = useObservable(editor.focus);
  useEffect(() => {
    const timer = setTimeout(() => void fitView({ padding: 0.07, maxZoom: 1 }), 60);
    return () => clearTimeout(timer);
  }, [openings, fitView]);
  useEffect(() => {
    if (focus.length > 0) {
      setNodes((nodes) => nodes.map((node) => ({ ...node, selected: focus.includes(node.id) })));
      void fitView({ nodes: focus.map((id) => ({ id })), padding: 0.6, maxZoom: 1, duration: 300 });
    }
  }, [focus, fitView, setNodes]);
}
