import { NodeResizer, type NodeProps } from '@xyflow/react';
import { type ReactElement, useState } from 'react';
import { useWorkbench } from '../state/workbench';
import type { GroupNode } from './flow';

/** A titled frame behind the nodes; dragging its title takes the nodes inside along. */
export function GroupFrame({ data, selected }: NodeProps<GroupNode>): ReactElement {
  const { editor } = useWorkbench();
  const [renaming, setRenaming] = useState(false);
  const { group } = data;
  const rename = (title: string) => {
    setRenaming(false);
    editor.execute({ kind: 'changeGroup', group: { ...group, title: title.trim() === '' ? group.title : title.trim() } });
  };
  return (
    <section className={`frame ${selected ? 'selected' : ''}`} style={{ '--frame': group.color ?? '#64748b' } as React.CSSProperties} aria-label={`Group ${group.title}`}>
      <NodeResizer
        isVisible={selected}
        minWidth={160}
        minHeight={100}
        onResizeEnd={(_, { x, y, width, height }) => editor.execute({ kind: 'changeGroup', group: { ...group, position: { x, y }, size: { width, height } } })}
      />
      {renaming ? (
        <input
          className="frame-input nodrag"
          aria-label="Title of the group"
          defaultValue={group.title}
          autoFocus
          onBlur={(event) => rename(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              rename(event.currentTarget.value);
            }
          }}
        />
      ) : (
        <h2 className="frame-title" onDoubleClick={() => setRenaming(true)}>
          {group.title}
        </h2>
      )}
    </section>
  );
}
