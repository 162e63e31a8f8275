import { VERSION } from 'throughline:version';
import {
  ATTR_CLOUDFLARE_SCRIPT_VERSION_ID,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  ATTR_TELEMETRY_SDK_VERSION,
  SCHEMA_URL,
  SCOPE_EDGE,
} from '../../src/wire/names.ts';
import { runtime } from '../runtimes/detect.ts';
import { createExporter, type Exporter } from './exporter.ts';
import { isolateLedger } from './ledger.ts';
import { LimitedAttributes } from './limited-attributes.ts';
import { platformFetch } from './platform-fetch.ts';
import { type Settings, type Source, settingsOf } from './settings.ts';

/** Settings and the way out for spans made under them. Lives as long as the isolate. */
export interface Pipeline {
  readonly settings: Settings;
  /** Absent when there is no collector to send to: spans then only carry context. */
  readonly exporter: Exporter | undefined;
}

/** The pipeline for a platform environment. */
export type Pipelines = (env: unknown) => Pipeline;

/** Services in one isolate are a handful; a function that makes up a new one per request must not fill it. */
const MAX_EXPORTERS = 32;
/** Every queue of this isolate, by what it sends where. */
export const exporters = new Map<string, Exporter>();
/** Before anything was instrumented there is nowhere to send spans to. */
let latest: Pipeline = { settings: settingsOf({}), exporter: undefined };

/**
 * The pipeline for a platform environment. Options are resolved once, or once an environment object when they are a
 * function of it; what sends to the same place under the same name shares one queue.
 */
export function createPipelines<O extends object>(
  source: Source<O, never>,
  resolve: (options: O) => Settings,
): Pipelines {
  const byEnv = new WeakMap<object, Pipeline>();
  return (env) => {
    const isFunction = typeof source === 'function';
    const key = isFunction && typeof env === 'object' && env ? env : source;
    let pipeline = byEnv.get(key);
    if (!pipeline) {
      pipeline = createPipeline(resolve(isFunction ? source(env as never) : source), env);
      byEnv.set(key, pipeline);
    }
    latest = pipeline;
    return pipeline;
  };
}

/** For spans of code that lost its context: the pipeline last used in this isolate. */
export function latestPipeline(): Pipeline {
  return latest;
}

function createPipeline(settings: Settings, env: unknown): Pipeline {
  const { collector, key, binding } = settings;
  if (!collector) return { settings, exporter: undefined };
  const url = `${collector.replace(/\/$/, '')}/v1/traces`;
  const envelope = envelopeOf(settings, env);
  const identity = [url, key, ...envelope].join();
  let exporter = exporters.get(identity);
  if (!exporter) {
    exporter = createExporter({ url, key, binding, fetch: platformFetch, envelope, ledger: isolateLedger });
    if (exporters.size >= MAX_EXPORTERS) exporters.delete(exporters.keys().next().value as string);
    exporters.set(identity, exporter);
  }
  return { settings, exporter };
}

interface Versioned {
  CF_VERSION_METADATA: { id?: string };
}

/** What stands before and after the spans of a request for the collector: who sends them. */
function envelopeOf({ service, version, environment }: Settings, env: unknown): readonly [string, string] {
  const attributes = new LimitedAttributes().setAll({
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: environment,
    // Cloudflare's version metadata binding under the name its documentation gives it.
    [ATTR_CLOUDFLARE_SCRIPT_VERSION_ID]: (env as Partial<Versioned> | undefined)?.CF_VERSION_METADATA?.id,
    [ATTR_TELEMETRY_SDK_NAME]: 'throughline',
    [ATTR_TELEMETRY_SDK_LANGUAGE]: 'js',
    [ATTR_TELEMETRY_SDK_VERSION]: VERSION,
    ...runtime.resource,
  }).items;
  return [
    `{"resourceSpans":[{"resource":{"attributes":${attributes}},"schemaUrl":"${SCHEMA_URL}",` +
      `"scopeSpans":[{"scope":{"name":"${SCOPE_EDGE}","version":"${VERSION}"},"spans":[`,
    ']}]}]}',
  ];
}
