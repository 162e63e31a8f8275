import type { StoreStats } from '../../store/trace-store.ts';
import { formatBytes, formatCount } from './format.ts';

/** What `GET /api/stats` answers: the store's figures and what came in since the collector started. */
export interface CollectorStats extends StoreStats {
  ingest?: {
    requests?: number;
    refusedRequests?: Record<string, number>;
    receivedBytes?: number;
    receivedSpans?: number;
    receivedLogs?: number;
    storedSpans?: number;
    storedLogs?: number;
    duplicateSpans?: number;
    duplicateLogs?: number;
    rejected?: Record<string, number>;
  };
}

export interface StatsGroup {
  title: string;
  rows: Array<{ name: string; value: string; isBad?: boolean }>;
}

/**
 * The collector's account in words. Nothing that came in may be missing: received = stored + duplicate + rejected, and
 * a difference is shown as what it is.
 */
export function describeStats(stats: CollectorStats): StatsGroup[] {
  const groups: StatsGroup[] = [
    {
      title: 'Stored',
      rows: [
        { name: 'Traces', value: formatCount(stats.traces) },
        { name: 'Spans', value: formatCount(stats.spans) },
        { name: 'Events', value: formatCount(stats.logs) },
        { name: 'On disk', value: formatBytes(stats.bytes) },
      ],
    },
  ];
  const { ingest } = stats;
  if (!ingest) return groups;
  const received = (ingest.receivedSpans ?? 0) + (ingest.receivedLogs ?? 0);
  const stored = (ingest.storedSpans ?? 0) + (ingest.storedLogs ?? 0);
  const duplicate = (ingest.duplicateSpans ?? 0) + (ingest.duplicateLogs ?? 0);
  const rejected = Object.entries(ingest.rejected ?? {}).filter(([, count]) => count > 0);
  const unknown = received - stored - duplicate - rejected.reduce((sum, [, count]) => sum + count, 0);
  groups.push({
    title: 'Spans and events since the collector started',
    rows: [
      { name: 'Received', value: formatCount(received) },
      { name: 'Stored', value: formatCount(stored) },
      { name: 'Came twice, counted once', value: formatCount(duplicate) },
      ...rejected.map(([reason, count]) => ({
        name: `Rejected: ${reason.replace(/_/g, ' ')}`,
        value: formatCount(count),
        isBad: true,
      })),
      { name: 'Unaccounted for', value: formatCount(unknown), isBad: unknown !== 0 },
    ],
  });
  groups.push({
    title: 'Requests since the collector started',
    rows: [
      { name: 'Answered', value: formatCount(ingest.requests ?? 0) },
      { name: 'Bytes', value: formatBytes(ingest.receivedBytes ?? 0) },
      ...Object.entries(ingest.refusedRequests ?? {}).map(([status, count]) => ({
        name: `Refused with ${status}`,
        value: formatCount(count),
        isBad: true,
      })),
    ],
  });
  return groups;
}
