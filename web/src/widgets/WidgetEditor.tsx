import { type ReactElement, useState } from 'react';
import type { Json } from '../workflow/json';
import { randomSeed } from '../workflow/seed';
import { SEED_CONTROLS, type WidgetSpec } from '../workflow/specs';
import { ComboWidget } from './ComboWidget';
import { Icon } from './Icon';
import { NumberWidget } from './NumberWidget';

type Props = {
  readonly label: string;
  readonly spec: WidgetSpec;
  readonly value: Json;
  /** The number is a seed: it gets a dice button. */
  readonly seed: boolean;
  readonly disabled: boolean;
  readonly onChange: (value: Json, dragging: boolean) => void;
  readonly onUpload?: (file: File) => Promise<string>;
};

/** The editor of one parameter. A value of the wrong kind is shown as it is and replaced only when edited. */
export function WidgetEditor(props: Props): ReactElement {
  const { label, spec, value, disabled, onChange } = props;
  switch (spec.kind) {
    case 'int':
    case 'float':
      return (
        <div className="editor-row">
          <NumberWidget label={label} spec={spec} value={typeof value === 'number' ? value : spec.initial} disabled={disabled} onChange={onChange} />
          {props.seed && (
            <button type="button" className="icon-button" aria-label={`Random ${label}`} title="Random value" disabled={disabled} onClick={() => onChange(randomSeed(spec), false)}>
              <Icon name="dice" size={15} />
            </button>
          )}
        </div>
      );
    case 'string':
      return <TextWidget label={label} spec={spec} value={typeof value === 'string' ? value : JSON.stringify(value)} disabled={disabled} onChange={(text) => onChange(text, true)} />;
    case 'boolean':
      return (
        <button
          type="button"
          role="switch"
          className="switch"
          aria-label={label}
          aria-checked={value === true}
          disabled={disabled}
          onClick={() => onChange(value !== true, false)}
        >
          <span className="switch-text">{value === true ? spec.on : spec.off}</span>
          <span className="switch-track" />
        </button>
      );
    case 'combo':
      return <ComboWidget label={label} spec={spec} value={value} disabled={disabled} onChange={(choice) => onChange(choice, false)} {...(props.onUpload && { onUpload: props.onUpload })} />;
    case 'control':
      return (
        <select className="select" aria-label={label} value={typeof value === 'string' ? value : spec.initial} disabled={disabled} onChange={(event) => onChange(event.target.value, false)}>
          {SEED_CONTROLS.map((control) => (
            <option key={control} value={control}>
              {control}
            </option>
          ))}
        </select>
      );
  }
}

type TextProps = {
  readonly label: string;
  readonly spec: Extract<WidgetSpec, { kind: 'string' }>;
  readonly value: string;
  readonly disabled: boolean;
  readonly onChange: (text: string) => void;
};

/** Text in one line or several. What is typed is kept here too, so that the caret stays where it is. */
function TextWidget({ label, spec, value, disabled, onChange }: TextProps): ReactElement {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const shared = {
    'aria-label': label,
    value: draft ?? value,
    placeholder: spec.placeholder,
    disabled,
    spellCheck: false,
    onBlur: () => setDraft(undefined),
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      setDraft(event.target.value);
      onChange(event.target.value);
    },
  };
  return spec.multiline ? <textarea className="text multiline nowheel" rows={3} {...shared} /> : <input type="text" className="text" {...shared} />;
}
