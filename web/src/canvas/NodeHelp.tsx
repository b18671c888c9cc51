import { type ReactElement, useEffect, useRef } from 'react';
import { type NodeSpec, readable, type WidgetEntry } from '../workflow/specs';
import { Icon } from '../widgets/Icon';
import { typeColour } from '../widgets/typeColours';

type Props = { readonly spec: NodeSpec; readonly onClose: () => void };

/** What a node does, what each of its ports and settings means, and what settings begin with. */
export function NodeHelp({ spec, onClose }: Props): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const takes = spec.inputs.filter((input) => !input.widget);
  const settings = spec.widgets.filter((widget) => widget.spec.kind !== 'control');
  return (
    <dialog
      ref={dialog}
      className="node-help"
      aria-label={`About ${spec.title}`}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="node-help-body">
        <header>
          <div>
            <h2>{spec.title}</h2>
            <p className="muted">{spec.category.replaceAll('/', ' / ')}</p>
          </div>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <p>{spec.description === '' ? 'This node says nothing about itself.' : spec.description}</p>
        <Section title="Takes" entries={takes.map((input) => ({ name: input.label, type: input.type, text: input.tooltip, note: input.optional ? 'may be left open' : '' }))} />
        <Section title="Gives" entries={spec.outputs.map((output) => ({ name: readable(output.name), type: output.type, text: output.tooltip, note: '' }))} />
        <Section title="Settings" entries={settings.map((widget) => setting(spec, widget))} />
      </div>
    </dialog>
  );
}

type Entry = { readonly name: string; readonly type?: string; readonly text: string; readonly note: string };

function setting(spec: NodeSpec, widget: WidgetEntry): Entry {
  const input = spec.inputs.find((candidate) => candidate.name === widget.name);
  const initial = widget.spec.initial;
  return { name: input?.label ?? widget.name, text: input?.tooltip ?? '', note: initial === '' || initial === null ? '' : `begins with ${String(initial)}` };
}

function Section({ title, entries }: { readonly title: string; readonly entries: readonly Entry[] }): ReactElement | null {
  if (entries.length === 0) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl>
        {entries.map((entry) => (
          <div key={entry.name}>
            <dt>
              {entry.name}
              {entry.type !== undefined && (
                <span className="port-chip" style={{ '--port': typeColour(entry.type) } as React.CSSProperties}>
                  {entry.type}
                </span>
              )}
            </dt>
            <dd>
              {entry.text}
              {entry.note !== '' && <span className="muted"> ({entry.note})</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
