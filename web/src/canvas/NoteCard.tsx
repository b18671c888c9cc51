import { NodeResizer, type NodeProps } from '@xyflow/react';
import type { ReactElement } from 'react';
import { useWorkbench } from '../state/workbench';
import type { CardNode } from './flow';

/** A sticky note. */
export function NoteCard({ id, data, selected }: NodeProps<CardNode>): ReactElement {
  const { editor } = useWorkbench();
  const text = data.node.values['text'];
  return (
    <article className={`note ${selected ? 'selected' : ''}`} aria-label={`Note ${id}`}>
      <NodeResizer
        isVisible={selected}
        minWidth={140}
        minHeight={80}
        onResizeEnd={(_, { x, y, width, height }) => editor.execute({ kind: 'resizeNode', node: id, size: { width, height }, position: { x, y } })}
      />
      <header className="drag-handle">{data.node.title ?? 'Note'}</header>
      <textarea
        className="nodrag nowheel"
        aria-label={`Text of note ${id}`}
        spellCheck={false}
        value={typeof text === 'string' ? text : ''}
        onChange={(event) => editor.execute({ kind: 'setValue', node: id, name: 'text', value: event.target.value }, `note/${id}`)}
      />
    </article>
  );
}
