import { type ReactElement, useMemo, useState } from 'react';
import { searchNodes } from '../../workflow/search';
import type { NodeSpec } from '../../workflow/specs';
import { VIRTUAL_NODES } from '../../workflow/virtual';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';
import { categoryColour } from '../../widgets/typeColours';

type Props = {
  readonly onAdd: (spec: NodeSpec) => void;
  /** Kind under which a dragged node type travels to the canvas. */
  readonly dragType: string;
};

/** All node types by category; a click adds one, dragging puts it where it is wanted. */
export function LibraryPanel({ onAdd, dragType }: Props): ReactElement {
  const { editor } = useWorkbench();
  const catalog = useObservable(editor.catalog);
  const [query, setQuery] = useState('');
  const categories = useMemo(() => byCategory(searchNodes(new Map([...catalog, ...VIRTUAL_NODES]), query)), [catalog, query]);
  return (
    <div className="library">
      <label className="filter">
        <Icon name="search" size={15} />
        <input type="search" placeholder="Filter nodes" aria-label="Filter nodes" value={query} onChange={(event) => setQuery(event.target.value)} />
      </label>
      <div className="library-list">
        {categories.map(([category, specs]) => (
          <details key={category} open>
            <summary style={{ '--category': categoryColour(category) } as React.CSSProperties}>
              {shortName(category)}
              <span className="count">{specs.length}</span>
            </summary>
            <ul>
              {specs.map((spec) => (
                <li key={spec.type}>
                  <button
                    type="button"
                    className="library-item"
                    title={spec.description}
                    draggable
                    onDragStart={(event) => event.dataTransfer.setData(dragType, spec.type)}
                    onClick={() => onAdd(spec)}
                  >
                    {spec.title}
                    <Icon name="add" size={13} />
                  </button>
                </li>
              ))}
            </ul>
          </details>
        ))}
        {categories.length === 0 && <p className="muted padded">No node fits.</p>}
      </div>
    </div>
  );
}

function byCategory(specs: readonly NodeSpec[]): [string, NodeSpec[]][] {
  const groups = new Map<string, NodeSpec[]>();
  for (const spec of specs) {
    groups.set(spec.category, [...(groups.get(spec.category) ?? []), spec]);
  }
  return [...groups];
}

function shortName(category: string): string {
  const parts = category.split('/').filter((part) => part.toLowerCase() !== 'quantreel');
  return (parts.length === 0 ? category : parts.join(' / ')).replace(/_/g, ' ');
}
