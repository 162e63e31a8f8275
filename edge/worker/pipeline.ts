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
import { encodeAttributes } from '../../src/wire/otlp.ts';
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

interface Outlet {
  readonly exporter: Exporter | undefined;
  readonly ledger: Ledger;
}

/** Services in one isolate are a handful; a function that makes up a new one per request must not fill it. */
const MAX_OUTLETS = 32;
const outlets = new Map<string, Outlet>();
let latest: Pipeline | undefined;

/**
 * The pipeline for a platform environment. Options are resolved once, or once an environment object when they are a
 * function of it; what sends to the same place under the same name shares one queue.
 */
export function createPipelines<Env>(source: OptionsSource<Env>): Pipelines {
  if (typeof source !== 'function') {
    let pipeline: Pipeline | undefined;
    return () => {
      pipeline ??= createPipeline(source);
      latest = pipeline;
      return pipeline;
    };
  }
  const byEnv = new WeakMap<object, Pipeline>();
  return (env) => {
    const key = typeof env === 'object' && env !== null ? env : source;
    let pipeline = byEnv.get(key);
    if (!pipeline) {
      pipeline = createPipeline(source(env as Env), scriptVersionOf(env));
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
export function allOutlets(): Iterable<Outlet> {
  return outlets.values();
}

// Cloudflare's version metadata binding under the name its documentation gives it.
function scriptVersionOf(env: unknown): string | undefined {
  const id = (env as { CF_VERSION_METADATA?: { id?: unknown } } | null | undefined)?.CF_VERSION_METADATA?.id;
  return typeof id === 'string' ? id : undefined;
}

function createPipeline(options: Options, scriptVersion?: string): Pipeline {
  const settings = resolveOptions(options);
  const identity = JSON.stringify([
    settings.exportUrl,
    settings.key,
    settings.service,
    settings.version,
    settings.environment,
    scriptVersion,
  ]);
  let outlet = outlets.get(identity);
  if (!outlet) {
    outlet = createOutlet(settings, scriptVersion);
    const oldest = outlets.size >= MAX_OUTLETS ? outlets.keys().next().value : undefined;
    if (oldest !== undefined) outlets.delete(oldest);
    outlets.set(identity, outlet);
  }
  return { settings, ...outlet };
}

function createOutlet(settings: Settings, scriptVersion: string | undefined): Outlet {
  const ledger = createLedger();
  const { exportUrl: url, key, binding } = settings;
  const envelope = envelopeOf(settings, scriptVersion);
  return {
    ledger,
    exporter:
      url === undefined ? undefined : createExporter({ url, key, binding, fetch: platformFetch, envelope, ledger }),
  };
}

function envelopeOf(
  { service, version, environment }: Settings,
  scriptVersion: string | undefined,
): readonly [string, string] {
  const resource = {
    attributes: encodeAttributes({
      [ATTR_SERVICE_NAME]: service,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: environment,
      [ATTR_CLOUDFLARE_SCRIPT_VERSION_ID]: scriptVersion,
      [ATTR_TELEMETRY_SDK_NAME]: 'throughline',
      [ATTR_TELEMETRY_SDK_LANGUAGE]: 'js',
      [ATTR_TELEMETRY_SDK_VERSION]: VERSION,
      ...runtime.resource,
    }),
  };
  const body = {
    resourceSpans: [
      {
        resource,
        schemaUrl: SCHEMA_URL,
        scopeSpans: [{ scope: { name: SCOPE_EDGE, version: VERSION }, spans: ['\0'] }],
      },
    ],
  };
  const [before, after] = JSON.stringify(body).split(JSON.stringify('\0')) as [string, string];
  return [before, after];
}
