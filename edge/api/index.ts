/**
 * Types of the query API and a client for it: `throughline/api`.
 * @packageDocumentation
 */
export { createQueryClient, type QueryClient, type QueryClientOptions, QueryError } from './create-query-client.ts';
export type {
  Attributes,
  Event as TraceEvent,
  Link,
  Operations,
  Removed,
  Resource,
  Session,
  Span,
  StatisticsRow,
  Stats,
  Trace,
  TracePage,
  TraceSummary,
} from './operations.ts';
