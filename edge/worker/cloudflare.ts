import { traceCaches } from './bindings/cache.ts';

export type { BindingsOptions } from './bindings/options.ts';
export { bindings } from './bindings/trace-bindings.ts';
export { injectScript } from './inject-script.ts';
export { traceClass } from './trace-class.ts';
export { traceCaches };
