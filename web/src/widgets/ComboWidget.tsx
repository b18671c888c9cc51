import { type ReactElement, useRef } from 'react';
import type { Json } from '../workflow/json';
import type { WidgetSpec } from '../workflow/specs';
import { Icon } from './Icon';

type Props = {
  readonly label: string;
  readonly spec: Extract<WidgetSpec, { kind: 'combo' }>;
  readonly value: Json;
  readonly disabled: boolean;
  readonly onChange: (choice: Json) => void;
  readonly onUpload?: (file: File) => Promise<string>;
};

const ACCEPTED = { image: 'image/*', video: 'video/*,image/gif,image/webp', audio: 'audio/*' } as const;

/** A choice among the server's options. A stored value that is no longer offered stays, marked as missing. */
export function ComboWidget({ label, spec, value, disabled, onChange, onUpload }: Props): ReactElement {
  const file = useRef<HTMLInputElement>(null);
  const chosen = spec.options.indexOf(value as string | number);
  const missing = chosen < 0;
  const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : 'nothing';
  const upload = (picked: File | undefined) => {
    if (picked && onUpload) {
      void onUpload(picked).then(onChange, () => undefined);
    }
  };
  return (
    <div className="editor-row">
      <select
        className="select"
        aria-label={label}
        aria-invalid={missing}
        value={chosen}
        disabled={disabled}
        onChange={(event) => onChange(spec.options[Number(event.target.value)] ?? null)}
      >
        {missing && <option value={-1}>{shown} (not available)</option>}
        {spec.options.map((option, index) => (
          <option key={String(option)} value={index}>
            {String(option)}
          </option>
        ))}
      </select>
      {spec.upload && onUpload && (
        <>
          <input ref={file} type="file" hidden accept={ACCEPTED[spec.upload]} aria-label={`File for ${label}`} onChange={(event) => upload(event.target.files?.[0])} />
          <button type="button" className="icon-button" aria-label={`Upload ${label}`} title="Upload a file" onClick={() => file.current?.click()}>
            <Icon name="open" size={15} />
          </button>
        </>
      )}
    </div>
  );
}
