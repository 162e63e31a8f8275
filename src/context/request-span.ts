import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
} from '@opentelemetry/api';
import { guard } from '../browser/guard.ts';
import type { Core } from '../core.ts';
import type { Settings } from '../options.ts';
import type { GivenIds } from '../otel/provider.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_GRAPHQL_OPERATION_NAME,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_TEMPLATE,
} from '../wire/names.ts';
import { redactUrl, templateOf } from '../wire/url.ts';

const METHODS = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '));

/** The method as the conventions want it; `undefined` for one they do not know. */
function knownMethod(method: string): string | undefined {
  const known = method.toUpperCase();
  return METHODS.has(known) ? known : undefined;
}

/** `{method} {template}`; unknown methods are `HTTP` in names, which stay few. */
export function requestName(method: string, url: URL): string {
  return `${knownMethod(method) ?? 'HTTP'} ${templateOf(url.pathname)}`;
}

/** A request as its span begins; by default it begins now, under what runs. */
export interface RequestStart extends SpanOptions {
  method: string;
  url: URL;
  body?: unknown;
  parent?: Context;
  ids?: GivenIds | undefined;
}

/** Starts the span `{method} {template}` of a request. */
export function startRequest(core: Pick<Core, 'settings' | 'startSpan'>, request: RequestStart): Span {
  const { method, url, body, parent, ids, ...options } = request;
  const attributes = { ...requestAttributes(core, method, url, body), ...options.attributes };
  return core.startSpan(requestName(method, url), { ...options, kind: SpanKind.CLIENT, attributes }, parent, ids);
}

/** What a request's span says from its start. */
export function requestAttributes(
  { settings }: { settings: Settings },
  method: string,
  url: URL,
  body?: unknown,
): Attributes {
  const known = knownMethod(method);
  const attributes: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: known ?? '_OTHER',
    // Parsed already, and most have nothing to hide.
    [ATTR_URL_FULL]: /^http[^?#@]+$/.test(url.href) ? url.href : redactUrl(url.href),
    [ATTR_URL_TEMPLATE]: templateOf(url.pathname),
    [ATTR_SERVER_ADDRESS]: url.hostname,
    [ATTR_SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  if (known !== method) attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = method;
  const { graphql } = settings;
  const operation = graphql && guard(graphql)(url, typeof body === 'string' ? body : '');
  if (operation) attributes[ATTR_GRAPHQL_OPERATION_NAME] = String(operation);
  return attributes;
}

/** Writes the answer: an error from 400 on, as the conventions say for clients. 0 is the status of an opaque answer. */
export function describeAnswer(span: Span, status: number): void {
  if (status > 0) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  if (status >= 400) describeFailure(span, String(status));
}

/** The request failed without an answer. `type` has few values: an error's name, never its message. */
export function describeFailure(span: Span, type: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute(ATTR_ERROR_TYPE, type);
}

/** Whether a request was cancelled on purpose, which is no error; a timeout is one. */
export function isAbort(error: unknown, signal: AbortSignal | null | undefined): boolean {
  const { name } = (error ?? {}) as { name?: unknown };
  return name === 'AbortError' || (signal?.aborted === true && name !== 'TimeoutError');
}
