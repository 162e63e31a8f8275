import { traceCaches } from './bindings/cache.ts';

export type { BindingsOptions } from './bindings/options.ts';
export { bindings } from './bindings/trace-bindings.ts';
export { flush, ledger } from './flush.ts';
export { injectScript } from './inject-script.ts';
export { instrument } from './instrument-triggers.ts';
export type { Ledger } from './ledger.ts';
export type { Fetcher, Options, OptionsSource } from './options.ts';
export { traceClass } from './trace-class.ts';
export type { TrustPolicy, TrustTable } from './trust.ts';
export { traceCaches };
