import type { ReactElement } from 'react';
import { LOAD_QUANTIZED } from '../workflow/artifact/place';
import type { WorkflowNode } from '../workflow/document';
import { stringOr } from '../workflow/json';
import type { NodeSpec, WidgetEntry } from '../workflow/specs';
import { isTall } from '../workflow/layout';
import { useWorkbench } from '../state/workbench';
import { Icon } from '../widgets/Icon';
import { WidgetEditor } from '../widgets/WidgetEditor';
import { InputHandle } from './Port';

type Props = {
  readonly node: WorkflowNode;
  readonly spec: NodeSpec;
  readonly widget: WidgetEntry;
  readonly title: string;
  readonly linked: boolean;
};

/** One parameter on a card: a port for a wire, its name, and its editor, which a wire switches off. */
export function WidgetRow({ node, spec, widget, title, linked }: Props): ReactElement {
  const { editor, runner, notices } = useWorkbench();
  const input = spec.inputs.find((candidate) => candidate.name === widget.name);
  const isSeed = spec.widgets.some((other) => other.spec.kind === 'control' && other.spec.controls === widget.name);
  const controls = widget.spec.kind === 'control' ? widget.spec.controls : undefined;
  const control = controls !== undefined;
  const label = input?.label ?? (control ? 'after run' : widget.name);
  const accessible = control ? `${controls} after run of ${title}` : `${label} of ${title}`;
  const upload = async (file: File): Promise<string> => {
    try {
      return await runner.client.upload(file);
    } catch (error) {
      notices.fail(error);
      throw error;
    }
  };
  return (
    <div className={`widget ${isTall(widget.spec) ? 'tall' : ''} ${linked ? 'linked' : ''} ${control ? 'control' : ''}`} title={input?.tooltip}>
      {input && <InputHandle name={input.name} type={input.type} of={title} linked={linked} optional />}
      <span className="widget-label">{label}</span>
      <div className="widget-editor nodrag nopan">
        {linked ? (
          <span className="linked-value">linked</span>
        ) : (
          <WidgetEditor
            label={accessible}
            spec={widget.spec}
            value={node.values[widget.name] ?? widget.spec.initial}
            seed={isSeed}
            disabled={false}
            onChange={(value, dragging) =>
              editor.execute({ kind: 'setValue', node: node.id, name: widget.name, value }, dragging ? `${node.id}/${widget.name}` : undefined)
            }
            onUpload={upload}
          />
        )}
      </div>
      {node.type === LOAD_QUANTIZED && !linked && <ReportButton file={stringOr(node.values[widget.name], '')} />}
    </div>
  );
}

/** Opens recipe and report of the file that is chosen on Load Quantized. */
function ReportButton({ file }: { readonly file: string }): ReactElement {
  const { inspection, notices } = useWorkbench();
  const show = () => {
    inspection.openStored(file).catch((error: unknown) => notices.fail(error));
  };
  return (
    <button
      type="button"
      className="icon-button nodrag"
      aria-label={`Recipe and report of ${file}`}
      title="Recipe and report"
      onClick={show}
    >
      <Icon name="info" size={15} />
    </button>
  );
}
