import type { Context } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_FAAS_COLDSTART,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '../../src/wire/names.ts';
import { runtime } from '../runtimes/detect.ts';
import { KIND_SERVER } from './api-constants.ts';
import { takeColdStart } from './cold-start.ts';
import { EdgeContext } from './edge-context.ts';
import { methodName, setMethod, setServer } from './http-semantics.ts';
import { readIncoming } from './incoming.ts';
import { createInvocation, type WaitUntil } from './invocation.ts';
import type { Pipeline } from './pipeline.ts';
import { EdgeSpan } from './span.ts';
import type { UrlParts } from './url-parts.ts';

/** What a request is served with. */
export interface Served {
  pipeline: Pipeline;
  waitUntil: WaitUntil | undefined;
  /** What the platform passed beside the request. */
  bindings: unknown;
}

/** The span of one request to this worker. */
export interface ServerSpan {
  readonly span: EdgeSpan;
  /** Run the handler in it. */
  readonly context: Context;
  readonly request: Request;
  readonly bindings: unknown;
}

/**
 * Starts the span `{method} {route}` of a request: `http.request.method`, `url.path`, `url.scheme`, `url.query`
 * (redacted), for roots `server.address`, `server.port` and `user_agent.original`, and what the platform knows.
 */
export function startServerSpan(request: Request, { pipeline, waitUntil, bindings }: Served): ServerSpan {
  const { settings } = pipeline;
  const invocation = createInvocation(pipeline, waitUntil, request);
  const { context, parentSpanId, link } = readIncoming(request, settings);
  const { method } = request;
  const span = new EdgeSpan({
    name: methodName(method),
    kind: KIND_SERVER,
    context,
    parentSpanId,
    parentIsRemote: parentSpanId !== undefined,
    invocation,
  });
  invocation.root = span;
  if (span.isRecording()) {
    const { path, scheme, query } = invocation.url as UrlParts;
    setMethod(span, method);
    span
      .setAttribute(ATTR_URL_PATH, path)
      .setAttribute(ATTR_URL_SCHEME, scheme)
      .setAttribute(ATTR_URL_QUERY, query || undefined)
      .setAttributes(runtime.requestAttributes(request))
      .setAttribute(ATTR_FAAS_COLDSTART, takeColdStart() || undefined);
    // A caller with a span of its own has said there who it is and where it went.
    if (parentSpanId === undefined) {
      setServer(span, invocation.url as UrlParts);
      span.setAttribute(ATTR_USER_AGENT_ORIGINAL, request.headers.get('user-agent'));
    }
    if (settings.clientAddress) span.setAttribute(ATTR_CLIENT_ADDRESS, runtime.clientAddress?.(request, bindings));
  }
  if (link) span.addLink(link);
  const own = new EdgeContext(span, invocation);
  const within = settings.propagation?.enter(request, own, span) ?? own;
  return { span, context: within, request, bindings };
}

/** Gives the span its route template, and with it its name. The first one wins: it is the most specific. */
export function setRoute(span: EdgeSpan, request: Request, route: string | undefined): void {
  if (!route || !span.isRecording() || span.attributes.has(ATTR_HTTP_ROUTE)) return;
  span.setAttribute(ATTR_HTTP_ROUTE, route).updateName(`${methodName(request.method)} ${route}`);
}
