import type { AttributeCondition, TraceFilter } from '../../store/trace-store.ts';

/** What the list can be narrowed by; a subset of the API's filter that a person sets. */
export type ListFilter = Pick<
  TraceFilter,
  | 'service'
  | 'route'
  | 'name'
  | 'activity'
  | 'browser'
  | 'device'
  | 'country'
  | 'release'
  | 'minDurationMs'
  | 'maxDurationMs'
  | 'error'
  | 'sessionId'
  | 'userId'
  | 'fromMs'
  | 'toMs'
  | 'attributes'
>;

const TEXTS = [
  'service',
  'route',
  'name',
  'activity',
  'browser',
  'device',
  'country',
  'release',
  'sessionId',
  'userId',
] as const;
const NUMBERS = ['minDurationMs', 'maxDurationMs', 'fromMs', 'toMs'] as const;

/** Reads a filter from a query; what is empty or no number is left out, unknown parameters are ignored. */
export function parseFilter(search: string): ListFilter {
  const query = new URLSearchParams(search);
  const filter: ListFilter = {};
  for (const key of TEXTS) {
    const value = query.get(key)?.trim();
    if (value) filter[key] = value;
  }
  for (const key of NUMBERS) {
    const text = query.get(key)?.trim();
    const value = Number(text);
    if (text && Number.isFinite(value) && value >= 0) filter[key] = value;
  }
  const error = query.get('error');
  if (error === 'true' || error === 'false') filter.error = error === 'true';
  const attributes = query.getAll('attribute').flatMap((text) => parseAttributeInput(text) ?? []);
  if (attributes.length > 0) filter.attributes = attributes;
  return filter;
}

/** A filter as a query with a leading `?`, in a fixed order so that equal filters give equal links; '' when empty. */
export function formatFilter(filter: ListFilter, more: Record<string, string | number | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const key of [...TEXTS, ...NUMBERS, 'error'] as const) {
    const value = filter[key];
    if (value !== undefined && value !== '') query.set(key, String(value));
  }
  for (const condition of filter.attributes ?? []) query.append('attribute', formatAttribute(condition));
  for (const [key, value] of Object.entries(more)) if (value !== undefined) query.set(key, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** How many conditions are set. */
export function countConditions(filter: ListFilter): number {
  const { attributes = [], ...others } = filter;
  return attributes.length + Object.values(others).filter((value) => value !== undefined && value !== '').length;
}

/**
 * `key=value`, or a key alone for any value; spaces around the sign and quotes around the value are left out.
 * `undefined` for anything else.
 */
export function parseAttributeInput(text: string): AttributeCondition | undefined {
  const match = /^\s*([^\s=]+)\s*(?:=\s*(.*?)\s*)?$/s.exec(text);
  const [, key, value] = match ?? [];
  if (key === undefined) return undefined;
  if (value === undefined) return { key };
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return { key, value: isQuoted ? value.slice(1, -1) : value };
}

/** A condition as `parseAttributeInput` reads it and as the API takes it. */
export function formatAttribute({ key, value }: AttributeCondition): string {
  return value === undefined ? key : `${key}=${value}`;
}

/** `250`, `250ms`, `1.5s`, `2 min` as ms; `undefined` for anything else. A bare number is ms. */
export function parseDurationInput(text: string): number | undefined {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(µs|us|ms|s|m|min)?\s*$/i.exec(text);
  if (!match) return undefined;
  const factor =
    { µs: 0.001, us: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000 }[(match[2] ?? 'ms').toLowerCase()] ?? 1;
  return Number((match[1] as string).replace(',', '.')) * factor;
}
