import type { TraceStore } from '../../store/trace-store.ts';
import { findTraces } from './find-traces.ts';

export interface ServiceLink {
  parent: string;
  child: string;
  callCount: number;
  errorCount: number;
}

const INSPECTED_TRACES = 500;

/** Which service called which, in the newest 500 traces of a time range. */
export async function findServiceLinks(store: TraceStore, fromMs: number, toMs: number): Promise<ServiceLink[]> {
  const links = new Map<string, ServiceLink>();
  await findTraces(store, {
    filter: { fromMs, toMs },
    limit: INSPECTED_TRACES,
    match: ({ spans }) => {
      const serviceOf = new Map(spans.map(({ record, service }) => [record.span.spanId, service]));
      for (const { record, service } of spans) {
        const parent = serviceOf.get(record.span.parentSpanId ?? '');
        if (parent === undefined || parent === service) continue;
        const key = JSON.stringify([parent, service]);
        const link = links.get(key) ?? { parent, child: service, callCount: 0, errorCount: 0 };
        link.callCount += 1;
        if (record.span.status?.code === 2) link.errorCount += 1;
        links.set(key, link);
      }
      return true;
    },
  });
  return [...links.values()];
}
