import type { ReactElement } from 'react';
import type { WorkflowNode } from '../workflow/document';
import { isArray, type Json } from '../workflow/json';

/** In place of the widgets of a node whose type the server does not have: what the file says about it. */
export function MissingNode({ node }: { readonly node: WorkflowNode }): ReactElement {
  const named: [string, Json][] = Object.entries(node.values);
  const stored = isArray(node.storedValues) ? node.storedValues.map((value, index): [string, Json] => [`value ${index + 1}`, value]) : [];
  return (
    <div className="missing-node">
      <p>
        The server has no node type <code>{node.type}</code>. It is kept as the file has it.
      </p>
      {(named.length > 0 ? named : stored).slice(0, 12).map(([name, value]) => (
        <div className="stored-value" key={name}>
          <span>{name}</span>
          <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
        </div>
      ))}
    </div>
  );
}
