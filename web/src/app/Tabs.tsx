import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import { Icon } from '../widgets/Icon';

export type Tab = { readonly key: string; readonly label: string; readonly count?: number; readonly alarm?: boolean; readonly content: ReactNode };

type Props = {
  readonly side: 'left' | 'right';
  readonly tabs: readonly Tab[];
  /** A tab the program wants to show; it is opened once. */
  readonly wanted?: string | undefined;
  readonly onChosen?: () => void;
};

/** A column of the page with tabs, which can be folded away. */
export function Tabs({ side, tabs, wanted, onChosen }: Props): ReactElement {
  const [chosen, setChosen] = useState(tabs[0]?.key ?? '');
  const [open, setOpen] = useState(true);
  useEffect(() => {
    if (wanted !== undefined) {
      setChosen(wanted);
      onChosen?.();
    }
  }, [wanted, onChosen]);
  const tab = tabs.find((candidate) => candidate.key === chosen) ?? tabs[0];
  const name = side === 'left' ? 'Library' : 'Results and queue';
  return (
    <aside className={`side ${side} ${open ? 'open' : 'folded'}`} aria-label={name}>
      <div className="tabs" role="tablist" aria-label={name}>
        {open &&
          tabs.map((candidate) => (
            <button
              key={candidate.key}
              type="button"
              role="tab"
              aria-selected={candidate === tab}
              className="tab"
              onClick={() => setChosen(candidate.key)}
            >
              {candidate.label}
              {candidate.count !== undefined && candidate.count > 0 && <span className={`tab-count ${candidate.alarm === true ? 'alarm' : ''}`}>{candidate.count}</span>}
            </button>
          ))}
        <button type="button" className="icon-button fold-side" aria-label={open ? `Fold ${name}` : `Unfold ${name}`} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="sidebar" size={15} />
        </button>
      </div>
      {open && (
        <div className="tab-content" role="tabpanel" aria-label={tab?.label}>
          {tab?.content}
        </div>
      )}
    </aside>
  );
}
