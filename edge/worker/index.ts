export { flush, ledger } from './flush.ts';
export { instrument } from './instrument.ts';
export type { Ledger } from './ledger.ts';
export type { Fetcher, Options, OptionsSource } from './options.ts';
export type { TrustPolicy, TrustTable } from './trust.ts';
