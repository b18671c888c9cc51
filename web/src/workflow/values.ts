import { PRIMITIVE } from './document';
import { isArray, isObject, type Json, type JsonObject } from './json';
import { CONTROL_AFTER_GENERATE, initialValues, type NodeSpec, SEED_CONTROLS, type WidgetEntry } from './specs';

function isControl(value: Json | undefined): boolean {
  return SEED_CONTROLS.some((control) => control === value);
}

/**
 * Names the entries of a positional `widgets_values`.
 *
 * The control entry after a seed is missing in files written before the seed had one, and present in files whose
 * node has lost it since; both are recognised by their words, so that the values behind it do not shift.
 */
export function nameValues(stored: readonly Json[], widgets: readonly WidgetEntry[]): JsonObject {
  const named: Record<string, Json> = {};
  let next = 0;
  widgets.forEach((widget, index) => {
    if (widget.spec.kind === 'control') {
      if (isControl(stored[next])) {
        named[widget.name] = stored[next++] ?? null;
      } else {
        named[widget.name] = 'fixed';
      }
      return;
    }
    const value = stored[next];
    if (value !== undefined) {
      named[widget.name] = value;
      next++;
    }
    const numeric = widget.spec.kind === 'int' || widget.spec.kind === 'float';
    if (numeric && widgets[index + 1]?.spec.kind !== 'control' && isControl(stored[next]) && stored.length > widgets.length) {
      next++;
    }
  });
  return named;
}

/** The values of a node as read from a file: those with names win over positions, defaults fill what is missing. */
export function readValues(type: string, stored: Json | undefined, named: Json | undefined, spec: NodeSpec | undefined): JsonObject {
  const byName = isObject(named) ? named : {};
  if (type === PRIMITIVE) {
    const list = isArray(stored) ? stored : [];
    return { value: list[0] ?? null, [CONTROL_AFTER_GENERATE]: list[1] ?? 'fixed', ...byName };
  }
  if (isObject(stored)) {
    return { ...(spec && initialValues(spec)), ...stored, ...byName };
  }
  if (!spec) {
    return byName;
  }
  const positional = isArray(stored) ? nameValues(stored, spec.widgets) : {};
  return { ...initialValues(spec), ...positional, ...byName };
}

/** `widgets_values` of a node: positional where its widgets are known, as stored where they are not. */
export function writeValues(type: string, values: JsonObject, stored: Json | undefined, spec: NodeSpec | undefined): Json | undefined {
  if (type === PRIMITIVE) {
    return [values['value'] ?? null, values[CONTROL_AFTER_GENERATE] ?? 'fixed'];
  }
  if (!spec) {
    return stored;
  }
  if (spec.widgets.length === 0) {
    return stored === undefined ? undefined : [];
  }
  return spec.widgets.map((widget) => values[widget.name] ?? null);
}
