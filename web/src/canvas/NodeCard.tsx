import type { NodeProps } from '@xyflow/react';
import { useUpdateNodeInternals } from '@xyflow/react';
import { memo, type ReactElement, useEffect, useMemo, useState } from 'react';
import { linkInto, type WorkflowDocument, type WorkflowNode } from '../workflow/document';
import { type NodeSpec, readable } from '../workflow/specs';
import { titleOf } from '../workflow/toPrompt';
import { specOf } from '../workflow/virtual';
import { useObservable, useSelected } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { categoryColour } from '../widgets/typeColours';
import { CardHeader } from './CardHeader';
import { CardResult } from './CardResult';
import type { CardNode } from './flow';
import { MissingNode } from './MissingNode';
import { InputHandle, OutputHandle } from './Port';
import { PrimitiveRow } from './PrimitiveRow';
import { WidgetRow } from './WidgetRow';

/** A node of the graph: header with progress, ports, widgets, and what the node shows. */
export const NodeCard = memo(function NodeCard({ id, data, selected }: NodeProps<CardNode>): ReactElement {
  const { editor, runner } = useWorkbench();
  const catalog = useObservable(editor.catalog);
  const links = useLinked(id);
  const run = useSelected(runner.run, (state) => state.nodes.get(id));
  const problem = useSelected(runner.run, (state) => state.error?.node === id || state.nodeErrors.some((error) => error.node === id));
  const { node } = data;
  const spec = specOf(catalog, node.type);
  const title = titleOf(node, catalog);
  useHandlesMoved(id, node, links);
  const classes = [
    'card',
    `mode-${node.mode}`,
    `run-${run?.state ?? 'none'}`,
    selected ? 'selected' : '',
    problem ? 'problem' : '',
    spec ? '' : 'missing',
    node.collapsed ? 'collapsed' : '',
  ];
  return (
    <article
      className={classes.join(' ')}
      style={{ '--category': categoryColour(spec?.category ?? 'missing') } as React.CSSProperties}
      aria-label={`${title} (node ${id})`}
      data-node-type={node.type}
    >
      <CardHeader node={node} title={title} spec={spec} run={run} />
      <div className="card-body">
        <Ports node={node} title={title} spec={spec} links={links} />
        {!node.collapsed && (spec ? <Widgets node={node} spec={spec} title={title} links={links} /> : <MissingNode node={node} />)}
        {!node.collapsed && <CardResult id={id} />}
      </div>
    </article>
  );
});

/** Names of linked inputs and slots of linked outputs of a node, as one text that changes only when they do. */
function useLinked(id: string): ReadonlySet<string> {
  const { editor } = useWorkbench();
  const key = useSelected(editor.history, (history) => linkedKey(history.present, id));
  return useMemo(() => new Set(key.split('\n')), [key]);
}

function linkedKey(document: WorkflowDocument, id: string): string {
  const ends: string[] = [];
  for (const link of document.links.values()) {
    if (link.target === id) {
      ends.push(`in:${link.targetInput}`);
    }
    if (link.source === id) {
      ends.push(`out:${link.sourceSlot}`);
    }
  }
  return ends.join('\n');
}

/** Tells xyflow to look for the handles again when rows come and go. */
function useHandlesMoved(id: string, node: WorkflowNode, links: ReadonlySet<string>): void {
  const update = useUpdateNodeInternals();
  useEffect(() => update(id), [update, id, node.collapsed, node.inputs, node.outputs, links]);
}

type PartProps = { readonly node: WorkflowNode; readonly title: string; readonly links: ReadonlySet<string> };

function Ports({ node, title, spec, links }: PartProps & { readonly spec: NodeSpec | undefined }): ReactElement | null {
  const sockets = node.inputs.filter((input) => !input.widget || (node.collapsed && links.has(`in:${input.name}`)));
  const rows = Math.max(sockets.length, node.outputs.length);
  if (rows === 0) {
    return null;
  }
  return (
    <div className="ports">
      {Array.from({ length: rows }, (_, row) => {
        const input = sockets[row];
        const output = node.outputs[row];
        const inputSpec = spec?.inputs.find((candidate) => candidate.name === input?.name);
        const outputSpec = spec?.outputs[row];
        return (
          <div className="port-row" key={row}>
            {input ? (
              <span className="port-in" title={inputSpec?.tooltip}>
                <InputHandle name={input.name} type={input.type} of={title} linked={links.has(`in:${input.name}`)} optional={inputSpec?.optional ?? false} />
                <span className="port-name">{inputSpec?.label ?? readable(input.name)}</span>
              </span>
            ) : (
              <span />
            )}
            {output && (
              <span className="port-out" title={outputSpec?.tooltip}>
                <span className="port-name">{readable(output.name)}</span>
                <OutputHandle slot={row} name={output.name} type={output.type} of={title} linked={links.has(`out:${row}`)} />
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}

function Widgets({ node, spec, title, links }: PartProps & { readonly spec: NodeSpec }): ReactElement | null {
  const [open, setOpen] = useState(false);
  const { editor } = useWorkbench();
  if (node.type === 'PrimitiveNode') {
    return <PrimitiveRow node={node} />;
  }
  if (spec.widgets.length === 0) {
    return null;
  }
  const advanced = new Set(spec.inputs.filter((input) => input.advanced).map((input) => input.name));
  const hidden = (name: string) => advanced.has(name) && !open && linkInto(editor.document, node.id, name) === undefined;
  return (
    <div className="widgets">
      {spec.widgets
        .filter((widget) => !hidden(widget.name))
        .map((widget) => (
          <WidgetRow key={widget.name} node={node} spec={spec} widget={widget} title={title} linked={links.has(`in:${widget.name}`)} />
        ))}
      {advanced.size > 0 && (
        <button type="button" className="more nodrag" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Fewer settings' : advanced.size === 1 ? '1 more setting' : `${advanced.size} more settings`}
        </button>
      )}
    </div>
  );
}
