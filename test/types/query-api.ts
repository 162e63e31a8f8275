import type * as api from '../../edge/api/operations.ts';
import type * as store from '../../edge/store/trace-store.ts';

// The API's types are made from its OpenAPI document, the store's are written by hand: what is answered as it comes from the store
// has to be the same in both, optional fields as well.
type Same<A, B> = [A, keyof A] extends [B, keyof B] ? ([B, keyof B] extends [A, keyof A] ? true : never) : never;

export const answered: [
  Same<api.TraceSummary, store.TraceSummary>,
  Same<api.TracePage, store.TracePage>,
  Same<api.Session, store.SessionSummary>,
  Same<api.StatisticsRow, store.StatisticsRow>,
  Same<api.Removed, store.ExpireResult>,
  Same<Omit<api.Stats, 'ingest'>, store.StoreStats>,
] = [true, true, true, true, true, true];
