import { type ReactElement, useEffect, useState } from 'react';
import type { Template } from '../../api/client';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';

type Props = { readonly onOpen: (template: Template) => void };

/** The example workflows the server ships. */
export function ExamplesPanel({ onOpen }: Props): ReactElement {
  const { runner } = useWorkbench();
  const [templates, setTemplates] = useState<readonly Template[] | undefined>(undefined);
  useEffect(() => {
    runner.client.templates().then(setTemplates, () => setTemplates([]));
  }, [runner]);
  if (templates === undefined) {
    return <p className="muted padded">Loading ...</p>;
  }
  if (templates.length === 0) {
    return <p className="muted padded">The server offers no example. Drop a workflow on the canvas instead.</p>;
  }
  return (
    <ul className="examples" aria-label="Example workflows">
      {templates.map((template) => (
        <li key={`${template.pack}/${template.name}`}>
          <button type="button" className="library-item" onClick={() => onOpen(template)}>
            {template.name}
            <Icon name="open" size={13} />
          </button>
        </li>
      ))}
    </ul>
  );
}
