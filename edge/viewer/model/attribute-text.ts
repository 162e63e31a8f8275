import type { ViewAttributes, ViewValue } from '../../trace/trace-view.ts';

export interface AttributeRow {
  key: string;
  type: 'text' | 'number' | 'flag' | 'list' | 'map' | 'none';
  text: string;
}

/** Attributes by key. Lists and maps are shown as JSON. */
export function attributeRows(attributes: ViewAttributes): AttributeRow[] {
  return Object.keys(attributes)
    .sort()
    .map((key) => ({ key, ...describe(attributes[key] ?? null) }));
}

/** An attribute that should be a text: numbers and flags as they read, '' for what has no one-line form. */
export function textOf(value: ViewValue | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

function describe(value: ViewValue): Omit<AttributeRow, 'key'> {
  if (value === null) return { type: 'none', text: 'null' };
  if (typeof value === 'string') return { type: 'text', text: value };
  if (typeof value === 'number') return { type: 'number', text: String(value) };
  if (typeof value === 'boolean') return { type: 'flag', text: String(value) };
  return { type: Array.isArray(value) ? 'list' : 'map', text: compactJson(value) };
}

// The collector bounds nesting, but a dropped file has met no collector: JSON.stringify recurses on its own stack.
function compactJson(value: ViewValue): string {
  try {
    return JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  } catch {
    return '(nested too deeply to show)';
  }
}
