import { type ReactElement, useEffect, useState } from 'react';
import type { Template, TemplatePage } from '../../api/client';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';

type Props = { readonly onOpen: (template: Template) => void };

/** The example workflows the server ships, each with what its page says first. */
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
          <Example template={template} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
}

function Example({ template, onOpen }: { readonly template: Template } & Props): ReactElement {
  const { runner } = useWorkbench();
  const [page, setPage] = useState<TemplatePage | undefined>(undefined);
  useEffect(() => {
    runner.client.templatePage(template).then(setPage, () => setPage(undefined));
  }, [runner, template]);
  return (
    <button type="button" className="library-item example" aria-label={template.name} title={page?.summary} onClick={() => onOpen(template)}>
      <span>
        {page?.title ?? template.name}
        {page && <span className="example-summary">{page.summary}</span>}
      </span>
      <Icon name="open" size={13} />
    </button>
  );
}
