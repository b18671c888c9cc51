import type { ReactElement } from 'react';
import type { WorkflowDocument, WorkflowNode } from '../workflow/document';
import type { Json } from '../workflow/json';
import { CONTROL_AFTER_GENERATE, type NodeCatalog, type WidgetSpec } from '../workflow/specs';
import { specOf } from '../workflow/virtual';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { WidgetEditor } from '../widgets/WidgetEditor';

const FREE_TEXT: WidgetSpec = { kind: 'string', initial: '', multiline: false, placeholder: 'connect me to a parameter' };
const CONTROL: WidgetSpec = { kind: 'control', initial: 'fixed', controls: 'value' };

/** The editor of a primitive: that of the first parameter it feeds. */
export function PrimitiveRow({ node }: { readonly node: WorkflowNode }): ReactElement {
  const { editor } = useWorkbench();
  const { present } = useObservable(editor.history);
  const spec = fedWidget(present, useObservable(editor.catalog), node.id) ?? FREE_TEXT;
  const set = (name: string) => (value: Json, dragging: boolean) =>
    editor.execute({ kind: 'setValue', node: node.id, name, value }, dragging ? `${node.id}/${name}` : undefined);
  const numeric = spec.kind === 'int' || spec.kind === 'float';
  return (
    <div className="widgets">
      <div className="widget">
        <span className="widget-label">value</span>
        <div className="widget-editor nodrag nopan">
          <WidgetEditor label={`value of primitive ${node.id}`} spec={spec} value={node.values['value'] ?? spec.initial} seed={false} disabled={false} onChange={set('value')} />
        </div>
      </div>
      {numeric && (
        <div className="widget control">
          <span className="widget-label">after run</span>
          <div className="widget-editor nodrag nopan">
            <WidgetEditor
              label={`value after run of primitive ${node.id}`}
              spec={CONTROL}
              value={node.values[CONTROL_AFTER_GENERATE] ?? 'fixed'}
              seed={false}
              disabled={false}
              onChange={set(CONTROL_AFTER_GENERATE)}
            />
          </div>
        </div>
      )}
    </div>
  );
}

function fedWidget(document: WorkflowDocument, catalog: NodeCatalog, id: string): WidgetSpec | undefined {
  for (const link of document.links.values()) {
    const target = link.source === id ? document.nodes.get(link.target) : undefined;
    const widget = target && specOf(catalog, target.type)?.widgets.find((entry) => entry.name === link.targetInput);
    if (widget) {
      return widget.spec;
    }
  }
  return undefined;
}
