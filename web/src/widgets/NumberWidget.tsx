import { type ReactElement, useState } from 'react';
import type { WidgetSpec } from '../workflow/specs';

type NumberSpec = Extract<WidgetSpec, { kind: 'int' | 'float' }>;

type Props = {
  readonly label: string;
  readonly spec: NumberSpec;
  readonly value: number;
  readonly disabled: boolean;
  readonly onChange: (value: number, dragging: boolean) => void;
};

const MOST_SLIDER_STEPS = 4000;

/** Is the range small enough for a slider to reach each of its values? */
export function hasSlider(spec: NumberSpec): boolean {
  if (spec.min === undefined || spec.max === undefined || spec.max <= spec.min) {
    return false;
  }
  return spec.slider || (spec.max - spec.min) / spec.step <= MOST_SLIDER_STEPS;
}

/** Why a number is not acceptable to the server, or nothing. */
export function rangeProblem(spec: NumberSpec, value: number): string | undefined {
  if (spec.min !== undefined && value < spec.min) {
    return `At least ${spec.min}`;
  }
  if (spec.max !== undefined && value > spec.max) {
    return `At most ${spec.max}`;
  }
  if (spec.kind === 'int' && !Number.isInteger(value)) {
    return 'A whole number';
  }
  return undefined;
}

/** A number with a box to type in and, where its range is bounded, a slider. */
export function NumberWidget({ label, spec, value, disabled, onChange }: Props): ReactElement {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const slider = hasSlider(spec);
  const problem = rangeProblem(spec, draft === undefined ? value : Number(draft));
  const commit = (text: string) => {
    setDraft(undefined);
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number)) {
      onChange(number, false);
    }
  };
  const share = slider ? ((value - (spec.min ?? 0)) / ((spec.max ?? 1) - (spec.min ?? 0))) * 100 : 0;
  return (
    <div className={slider ? 'number with-slider' : 'number'}>
      {slider && (
        <input
          type="range"
          aria-label={`${label} slider`}
          min={lowestOnGrid(spec)}
          max={spec.max}
          step={spec.step}
          value={value}
          disabled={disabled}
          style={{ '--share': `${Math.max(0, Math.min(100, share))}%` } as React.CSSProperties}
          onChange={(event) => onChange(tidy(event.target.valueAsNumber, spec), true)}
        />
      )}
      <input
        type="number"
        aria-label={label}
        min={spec.min}
        max={spec.max}
        step={spec.kind === 'int' ? spec.step : 'any'}
        value={draft ?? value}
        disabled={disabled}
        aria-invalid={problem !== undefined}
        title={problem}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={(event) => {
          if (draft !== undefined) {
            commit(event.target.value);
          }
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            commit(event.currentTarget.value);
          } else if (event.key === 'Escape') {
            setDraft(undefined);
          } else if (draft === undefined && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
            event.preventDefault();
            const moved = value + (event.key === 'ArrowUp' ? spec.step : -spec.step);
            onChange(clamp(tidy(moved, spec), spec), true);
          }
        }}
      />
    </div>
  );
}

/** Where the slider begins: the steps go through the initial value, not through the least one (0.1, step 0.5, initial 16). */
export function lowestOnGrid(spec: NumberSpec): number | undefined {
  return spec.min === undefined ? undefined : tidy(spec.initial - Math.floor((spec.initial - spec.min) / spec.step + 1e-9) * spec.step, spec);
}

/** Removes the noise that binary fractions leave: 0.30000000000000004 becomes 0.3. */
function tidy(value: number, spec: NumberSpec): number {
  return spec.kind === 'int' ? Math.round(value) : Number(value.toFixed(10)) + 0;
}

function clamp(value: number, spec: NumberSpec): number {
  return Math.min(spec.max ?? Infinity, Math.max(spec.min ?? -Infinity, value));
}
