import type { Context } from '@opentelemetry/api';

/**
 * A context that adds one value to `parent`. OpenTelemetry's own copies a Map for every value; this one does not, and
 * its value may be made when it is first asked for.
 */
export function linkedContext(parent: Context, key: symbol, read: () => unknown): Context {
  const context: Context = {
    getValue: (wanted) => (wanted === key ? read() : parent.getValue(wanted)),
    setValue: (added, value) => linkedContext(context, added, () => value),
    deleteValue: (removed) => linkedContext(context, removed, () => undefined),
  };
  return context;
}
