import type { TraceFilter, TraceStore } from '../../store/trace-store.ts';
import type { ViewValue } from '../../trace/trace-view.ts';
import { findTraces } from './find-traces.ts';
import type { SpanContext } from './span-context.ts';

/** What there is to choose from in other tools' menus, read from the newest traces. */
export interface Catalog {
  services(): Promise<string[]>;
  /** Names and kinds of a service's spans. */
  operations(service: string): Promise<Operation[]>;
  /** Names of attributes, by where they stand. */
  attributeNames(): Promise<{ span: string[]; resource: string[] }>;
  /**
   * Values `read` finds, most frequent first.
   * @param key names what is read, of which traces
   */
  values(
    key: string,
    read: (span: SpanContext) => ViewValue | undefined,
    filter?: TraceFilter,
  ): Promise<Array<string | number | boolean>>;
}

export interface Operation {
  name: string;
  kind: number;
}

// Menus are opened often and change slowly.
const KEEP_MS = 10_000;
const MAX_KEPT = 200;
const SERVICE_PAGES = 4;
const SERVICE_PAGE_SIZE = 500;
const INSPECTED_TRACES = 200;
const MAX_VALUES = 1000;

export function createCatalog(store: TraceStore): Catalog {
  const kept = new Map<string, { untilMs: number; value: unknown }>();
  // Values and not their promises: in a Worker a promise belongs to the request that made it.
  const keep = async <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    if (known && known.untilMs > Date.now()) return known.value as T;
    const value = await read();
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, { untilMs: Date.now() + KEEP_MS, value });
    return value;
  };
  const everySpan = async (filter: TraceFilter, visit: (span: SpanContext) => void) => {
    await findTraces(store, {
      filter,
      limit: INSPECTED_TRACES,
      match: ({ spans }) => {
        for (const span of spans) visit(span);
        return true;
      },
    });
  };

  return {
    services: () =>
      keep('services', async () => {
        const services = new Set<string>();
        let cursor: string | undefined;
        for (let page = 0; page < SERVICE_PAGES; page++) {
          const filter = { limit: SERVICE_PAGE_SIZE };
          const { traces, nextCursor } = await store.search(cursor === undefined ? filter : { ...filter, cursor });
          for (const trace of traces) for (const service of trace.services) services.add(service);
          if (nextCursor === undefined) break;
          cursor = nextCursor;
        }
        return [...services].filter(Boolean).sort();
      }),
    operations: (service) =>
      keep(`operations ${service}`, async () => {
        const operations = new Map<string, Operation>();
        await everySpan({ service }, (span) => {
          if (span.service !== service) return;
          const { name, kind = 0 } = span.record.span;
          operations.set(`${kind} ${name}`, { name, kind });
        });
        return [...operations.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      }),
    attributeNames: () =>
      keep('names', async () => {
        const span = new Set<string>();
        const resource = new Set<string>();
        await everySpan({}, (context) => {
          for (const name in context.attributes) span.add(name);
          for (const name in context.resource) resource.add(name);
        });
        return { span: [...span].sort(), resource: [...resource].sort() };
      }),
    values: (key, read, filter = {}) =>
      keep(`values ${key}`, async () => {
        const counts = new Map<string | number | boolean, number>();
        await everySpan(filter, (span) => {
          const value = read(span);
          if (typeof value === 'object' || value === undefined) return;
          if (counts.size < MAX_VALUES || counts.has(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
        });
        return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
      }),
  };
}
