import { runtime } from '../runtimes/detect.ts';
import { type EnvOf, instrumentFetch, waitUntilOf } from './instrument-fetch.ts';
import { type OptionsSource, resolveOptions } from './options.ts';
import { createPipelines } from './pipeline.ts';
import { run } from './run.ts';
import { TRIGGERS, type TriggerOptions } from './triggers.ts';

/**
 * Traces a Cloudflare worker: its `fetch` as the `instrument` of `throughline/worker` does, and its other triggers
 * (`queue`, `scheduled`, `email`, `tail`), each run of which becomes a span.
 * @param options or a function of `env` that returns them, for secrets
 * @returns a handler of the same type
 */
export function instrument<H extends object>(
  handler: H,
  options: OptionsSource<EnvOf<H>>,
  triggerOptions: TriggerOptions = {},
): H {
  const pipelineOf = createPipelines(options, resolveOptions);
  const traced = instrumentFetch(handler, pipelineOf);
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    const handle = (handler as Record<string, unknown>)[name];
    if (typeof handle !== 'function') continue;
    (traced as Record<string, unknown>)[name] = (original: never, bindings: unknown, ...rest: unknown[]) => {
      const { run: about, event } = trigger(original, triggerOptions);
      const pipeline = pipelineOf(runtime.env(bindings));
      return run({ ...about, pipeline, waitUntil: waitUntilOf(rest) }, () =>
        handle.call(handler, event, pipeline.settings.traceEnv(bindings), ...rest),
      );
    };
  }
  return traced;
}
