import {
  ATTR_CLOUD_PLATFORM,
  ATTR_MESSAGING_SYSTEM,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  SCOPE_BROWSER,
  SCOPE_EDGE,
} from '../../src/wire/names.ts';
import { SPAN_KIND } from '../../src/wire/otlp.ts';
import type { Layer, ViewAttributes } from './trace-view.ts';

// `cloud.platform` has no edge platform in the conventions yet; these are what the platforms' own tracing writes.
const EDGE_PLATFORM = /^(cloudflare|vercel|fastly|deno|netlify|akamai|lagon|aws_lambda_edge)\b/;

/** Where a process runs, by what its resource says; a scope of ours tells what a bare resource does not. */
export function layerOfResource(attributes: ViewAttributes, scopeName: string): Layer {
  if (attributes[ATTR_TELEMETRY_SDK_LANGUAGE] === 'webjs' || scopeName === SCOPE_BROWSER) return 'browser';
  if (scopeName === SCOPE_EDGE || EDGE_PLATFORM.test(String(attributes[ATTR_CLOUD_PLATFORM] ?? ''))) return 'edge';
  return 'backend';
}

/** A span that hands work to a queue or takes it from one stands on the queue's layer, whoever made it. */
export function layerOfSpan(kind: number, attributes: ViewAttributes, resourceLayer: Layer): Layer {
  const isMessaging =
    kind === SPAN_KIND.producer || kind === SPAN_KIND.consumer || attributes[ATTR_MESSAGING_SYSTEM] !== undefined;
  return isMessaging ? 'queue' : resourceLayer;
}
