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
import { encodeAttributes, type OtlpKeyValue, type OtlpScope } from '../../src/wire/otlp.ts';
import { runtime } from '../runtimes/detect.ts';
import { createExporter, type Exporter } from './exporter.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type Options, type OptionsSource, resolveOptions, type Settings } from './options.ts';
import { platformFetch } from './platform-fetch.ts';

/** Settings and the way out for spans made under them. Lives as long as the isolate. */
export interface Pipeline {
  readonly settings: Settings;
  /** Absent when there is no collector to send to: spans then only carry context. */
  readonly exporter: Exporter | undefined;
  readonly ledger: Ledger;
}

/** The pipeline for a platform environment. */
export type Pipelines = (env: unknown) => Pipeline;

type Outlet = Pick<Pipeline, 'exporter' | 'ledger'>;

/** Services in one isolate are a handful; a function that makes up a new one per request must not fill it. */
const MAX_OUTLETS = 32;
const outlets = new Map<string, Outlet>();
let latest: Pipeline | undefined;

/**
 * The pipeline for a platform environment. Options are resolved once, or once an environment object when they are a
 * function of it; what sends to the same place under the same name shares one queue.
 */
export function createPipelines<Env>(source: OptionsSource<Env>): Pipelines {
  const isFunction = typeof source === 'function';
  const byEnv = new WeakMap<object, Pipeline>();
  return (env) => {
    const key = isFunction && typeof env === 'object' && env ? env : source;
    let pipeline = byEnv.get(key);
    if (!pipeline) {
      pipeline = createPipeline(isFunction ? source(env as Env) : source, env);
      byEnv.set(key, pipeline);
    }
    latest = pipeline;
    return pipeline;
  };
}

/** For spans of code that lost its context: the pipeline last used in this isolate. */
export function latestPipeline(): Pipeline | undefined {
  return latest;
}

/** Every queue of this isolate. */
export function allOutlets(): Outlet[] {
  return [...outlets.values()];
}

function createPipeline(options: Options, env: unknown): Pipeline {
  const settings = resolveOptions(options);
  const { exportUrl: url, key, binding, service, version, environment } = settings;
  const resource = encodeAttributes({
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: environment,
    // Cloudflare's version metadata binding under the name its documentation gives it.
    [ATTR_CLOUDFLARE_SCRIPT_VERSION_ID]: (env as Partial<Versioned> | undefined)?.CF_VERSION_METADATA?.id,
    [ATTR_TELEMETRY_SDK_NAME]: 'throughline',
    [ATTR_TELEMETRY_SDK_LANGUAGE]: 'js',
    [ATTR_TELEMETRY_SDK_VERSION]: VERSION,
    ...runtime.resource,
  });
  const identity = JSON.stringify([url, key, resource]);
  let outlet = outlets.get(identity);
  if (!outlet) {
    const ledger = createLedger();
    const scope = { name: SCOPE_EDGE, version: VERSION };
    const exporter = url
      ? createExporter({ url, key, binding, fetch: platformFetch, envelope: envelopeOf(resource, scope), ledger })
      : undefined;
    outlet = { ledger, exporter };
    if (outlets.size >= MAX_OUTLETS) outlets.delete(outlets.keys().next().value as string);
    outlets.set(identity, outlet);
  }
  return { settings, ...outlet };
}

interface Versioned {
  CF_VERSION_METADATA: { id?: string };
}

function envelopeOf(attributes: OtlpKeyValue[], scope: OtlpScope): readonly [string, string] {
  const resourceSpans = [{ resource: { attributes }, schemaUrl: SCHEMA_URL, scopeSpans: [{ scope, spans: [0] }] }];
  return JSON.stringify({ resourceSpans }).split(/(?<="spans":\[)0(?=])/) as [string, string];
}
