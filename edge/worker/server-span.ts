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
import type { AttributeMap } from '../../src/wire/otlp.ts';
import { runtime } from '../runtimes/detect.ts';
import { SPAN_KIND } from './api-constants.ts';
import { takeColdStart } from './cold-start.ts';
import { joinDocument } from './document-join.ts';
import { EdgeContext } from './edge-context.ts';
import { methodName, setError, setMethod, setResponseStatus, setServer } from './http-semantics.ts';
import { readIncoming } from './incoming.ts';
import { createClock, type Invocation, type WaitUntil } from './invocation.ts';
import type { Pipeline } from './pipeline.ts';
import { EdgeSpan } from './span.ts';
import { urlParts } from './url-parts.ts';

/** The span of one request to this worker. */
export interface ServerSpan {
  readonly span: EdgeSpan;
  /** Run the handler in it. */
  readonly context: Context;
  readonly invocation: Invocation;
}

/** What a request is served with. */
export interface Served {
  pipeline: Pipeline;
  waitUntil: WaitUntil | undefined;
  /** What the platform passed beside the request. */
  bindings: unknown;
}

/**
 * Starts the span `{method} {route}` of a request: `http.request.method`, `url.path`, `url.scheme`, `url.query`
 * (redacted), for roots `server.address`, `server.port` and `user_agent.original`, and what the platform knows.
 */
export function startServerSpan(request: Request, { pipeline, waitUntil, bindings }: Served): ServerSpan {
  const invocation: Invocation = { pipeline, waitUntil, now: createClock(), request, root: undefined, sequence: 0 };
  const { context, recording, parentSpanId, link } = readIncoming(request, pipeline);
  const span = new EdgeSpan({
    name: methodName(request.method),
    kind: SPAN_KIND.SERVER,
    context,
    parentSpanId,
    parentIsRemote: parentSpanId !== undefined,
    recording,
    pipeline,
    invocation,
  });
  invocation.root = span;
  if (recording) describe(span, request, bindings);
  if (link) span.addLink(link);
  let within: Context = new EdgeContext(span, invocation);
  for (const { enter } of pipeline.settings.propagators) within = enter?.(request, within, span) ?? within;
  return { span, invocation, context: within };
}

function describe(span: EdgeSpan, request: Request, bindings: unknown): void {
  const url = urlParts(request.url);
  setMethod(span, request.method);
  span.setAttribute(ATTR_URL_PATH, url.path);
  span.setAttribute(ATTR_URL_SCHEME, url.scheme);
  if (url.query) span.setAttribute(ATTR_URL_QUERY, url.query);
  // A caller with a span of its own has said there who it is and where it went.
  if (span.parentSpanId === undefined) {
    setServer(span, url);
    span.setAttribute(ATTR_USER_AGENT_ORIGINAL, request.headers.get('user-agent'));
  }
  if (span.pipeline?.settings.clientAddress)
    span.setAttribute(ATTR_CLIENT_ADDRESS, runtime.clientAddress?.(request, bindings));
  const known: AttributeMap = runtime.requestAttributes(request);
  for (const key in known) span.setAttribute(key, known[key] as string | undefined);
  if (takeColdStart()) span.setAttribute(ATTR_FAAS_COLDSTART, true);
}

/** Gives the span its route template, and with it its name. The first one wins: it is the most specific. */
export function setRoute(span: EdgeSpan, request: Request, route: string | undefined): void {
  if (!route || span.hasAttribute(ATTR_HTTP_ROUTE)) return;
  span.setAttribute(ATTR_HTTP_ROUTE, route);
  span.updateName(`${methodName(request.method)} ${route}`);
}

/**
 * Notes the answer on the span, before it is sent.
 * @returns the `Server-Timing` value to append, when the answer is a document that joins the browser's trace
 */
export function noteResponse(
  { span, invocation }: ServerSpan,
  request: Request,
  response: Response,
): string | undefined {
  setResponseStatus(span, response.status, 500);
  const { settings } = invocation.pipeline;
  setRoute(span, request, settings.routeOf(request));
  return settings.serverTiming ? joinDocument(span, request, response) : undefined;
}

/** Notes an error that no one turned into a response. */
export function noteError({ span }: ServerSpan, error: unknown): void {
  setError(span, error);
}
