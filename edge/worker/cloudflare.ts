import './opentelemetry.ts';
import { traceCaches } from './bindings/cache.ts';

export type { BindingsOptions } from './bindings/options.ts';
export { bindings } from './bindings/trace-bindings.ts';
export { flush, ledger } from './flush.ts';
export { injectScript } from './inject-script.ts';
export { instrument } from './instrument-triggers.ts';
export type { Ledger } from './ledger.ts';
export type { Options, OptionsSource } from './options.ts';
export type { Fetcher } from './settings.ts';
export { type ClassOptions, traceClass } from './trace-class.ts';
export type { TriggerOptions } from './triggers.ts';
export type { TrustPolicy, TrustTable } from './trust.ts';
export { traceCaches };
