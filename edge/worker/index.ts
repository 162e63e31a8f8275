import './opentelemetry.ts';

export { flush, ledger } from './flush.ts';
export { instrument } from './instrument.ts';
export type { Ledger } from './ledger.ts';
export type { Options, OptionsSource } from './options.ts';
export type { Fetcher } from './settings.ts';
export type { TrustPolicy, TrustTable } from './trust.ts';
