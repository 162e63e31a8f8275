import { type EnvOf, instrumentFetch } from './instrument-fetch.ts';
import { createPipelines } from './pipeline.ts';
import { type CoreOptions, type Source, settingsOf } from './settings.ts';

/**
 * `instrument` of `throughline/worker` without what a worker that answers an API can do without: page loads, streamed
 * bodies, a share of traces, lists and tables of origins are `documents`, `streams`, `ratio`, `origins` and `trustTable`, each
 * only in the bundle where it is used. Options are not checked.
 * @param options or a function of `env` that returns them, for secrets
 * @returns a handler of the same type
 */
export function instrument<H extends object>(handler: H, options: Source<CoreOptions, EnvOf<H>>): H {
  return instrumentFetch(handler, createPipelines(options, settingsOf));
}
