import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react';
import { type PortFilter, searchNodes } from '../workflow/search';
import type { NodeCatalog, NodeSpec } from '../workflow/specs';
import { VIRTUAL_NODES } from '../workflow/virtual';
import { Icon } from '../widgets/Icon';
import { categoryColour, typeColour } from '../widgets/typeColours';

type Props = {
  readonly catalog: NodeCatalog;
  readonly filter?: PortFilter;
  readonly onPick: (spec: NodeSpec) => void;
  readonly onClose: () => void;
};

/** The dialog that finds a node type by a few letters and adds it. */
export function Palette({ catalog, filter, onPick, onClose }: Props): ReactElement {
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const all = useMemo(() => new Map([...catalog, ...VIRTUAL_NODES]), [catalog]);
  const hits = useMemo(() => searchNodes(all, query, filter), [all, query, filter]);
  const chosen = hits[Math.min(active, hits.length - 1)];
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((index) => (Math.min(index, hits.length - 1) + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === 'Enter' && chosen) {
      event.preventDefault();
      onPick(chosen);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <div className="overlay" onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <div className="palette" role="dialog" aria-label="Add node" aria-modal="true" onKeyDown={onKeyDown}>
        <div className="palette-search">
          <Icon name="search" size={18} />
          <input
            role="combobox"
            aria-label="Search nodes"
            aria-expanded="true"
            aria-controls="palette-results"
            aria-activedescendant={chosen ? `palette-${chosen.type}` : undefined}
            placeholder={filter ? `Nodes that ${filter.direction === 'takes' ? 'take' : 'give'} ${filter.type}` : 'Search nodes'}
            value={query}
            autoFocus
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
            }}
          />
          <kbd>esc</kbd>
        </div>
        <div className="palette-columns">
          <ul id="palette-results" role="listbox" aria-label="Nodes found" ref={list}>
            {hits.map((spec) => (
              <li
                key={spec.type}
                id={`palette-${spec.type}`}
                role="option"
                aria-selected={spec === chosen}
                onPointerMove={() => setActive(hits.indexOf(spec))}
                onClick={() => onPick(spec)}
              >
                <span className="dot" style={{ background: categoryColour(spec.category) }} />
                <span className="palette-title">{spec.title}</span>
                <span className="palette-category">{spec.category.replace(/^quantreel\//i, '')}</span>
              </li>
            ))}
            {hits.length === 0 && <li className="nothing">No node fits.</li>}
          </ul>
          {chosen && <Details spec={chosen} />}
        </div>
      </div>
    </div>
  );
}

function Details({ spec }: { readonly spec: NodeSpec }): ReactElement {
  const sockets = spec.inputs.filter((input) => !input.widget);
  return (
    <aside className="palette-details" aria-label={`About ${spec.title}`}>
      <h3>{spec.title}</h3>
      <p>{spec.description === '' ? 'No description.' : spec.description}</p>
      <div className="palette-ports">
        {sockets.length > 0 && <PortList title="takes" ports={sockets} />}
        {spec.outputs.length > 0 && <PortList title="gives" ports={spec.outputs} />}
      </div>
    </aside>
  );
}

function PortList({ title, ports }: { readonly title: string; readonly ports: readonly { readonly name: string; readonly type: string }[] }): ReactElement {
  return (
    <div>
      <h4>{title}</h4>
      {ports.map((port, index) => (
        <span className="port-chip" key={index} style={{ '--port': typeColour(port.type) } as React.CSSProperties}>
          {port.name === '' ? port.type : port.name}
        </span>
      ))}
    </div>
  );
}
