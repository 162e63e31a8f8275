import { type EnvOf, instrumentFetch } from './instrument-fetch.ts';
import { type OptionsSource, resolveOptions } from './options.ts';
import { createPipelines } from './pipeline.ts';
import { warnOnce } from './warn.ts';

/** Handlers that `throughline/cloudflare` traces. */
const TRIGGERS = ['queue', 'scheduled', 'email', 'tail'];

/**
 * Traces what answers requests: a module worker (`export default instrument({ fetch }, options)`), a Hono app, or a plain
 * fetch-style function.
 *
 * Every request becomes a server span in its caller's trace or in a new one, `fetch` calls inside it become client spans
 * that carry the trace to the origins in `propagateTo`, and spans made through `@opentelemetry/api` join in. Nothing
 * changes or delays a response, and an error of the handler is rethrown as it is. The `instrument` of
 * `throughline/cloudflare` also traces the other triggers of that platform.
 * @param options or a function of `env` that returns them, for secrets
 * @returns a handler of the same type
 */
export function instrument<H extends object>(handler: H, options: OptionsSource<EnvOf<H>>): H {
  for (const name of TRIGGERS)
    if (name in handler) warnOnce(`"${name}" is not traced: import instrument from "throughline/cloudflare".`);
  return instrumentFetch(handler, createPipelines(options, resolveOptions));
}
