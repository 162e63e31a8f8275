import type { Context } from '@opentelemetry/api';
import { ATTR_URL_FULL } from '../../src/wire/names.ts';
import { KIND_CLIENT } from './api-constants.ts';
import { startChild } from './child-span.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf } from './edge-context.ts';
import { followRedirects, isRedirect } from './follow-redirects.ts';
import { methodName, setError, setMethod, setResponseStatus, setServer } from './http-semantics.ts';
import type { Invocation } from './invocation.ts';
import { mayPropagate, outgoingHeaders, replaceContext } from './outgoing.ts';
import { platformFetch } from './platform-fetch.ts';
import { fullUrl, normalUrl, type UrlParts, urlParts } from './url-parts.ts';

/** What an outgoing request is, taken apart without consuming it. */
export interface Outgoing {
  readonly url: UrlParts;
  readonly method: string;
  readonly request: Request | undefined;
  readonly init: RequestInit | undefined;
  readonly headers: HeadersInit | undefined;
  readonly redirect: string;
}

/**
 * `fetch` with a span `{method}` of kind client: `http.request.method`, `url.full` (redacted), `server.address`,
 * `server.port`, `http.response.status_code`, `error.type`. Outside an invocation it is the platform's fetch.
 */
export function tracedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  return trace(undefined, input, init);
}

/** `fetch` of a binding: the same span, and the context always goes along, because both ends are the deployer's. */
export function tracedBindingFetch(binding: Sender, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  return trace(binding, input, init);
}

interface Sender {
  fetch: typeof fetch;
}

function trace(binding: Sender | undefined, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const context = contextManager.active();
  const invocation = invocationOf(context);
  const outgoing = invocation && takeApart(input, init);
  if (outgoing) return send(outgoing, { invocation, context, binding });
  // Arguments we cannot read are the platform's to refuse, in its own words.
  return binding ? binding.fetch(input, init) : platformFetch(input, init);
}

function takeApart(input: RequestInfo | URL, init: RequestInit | undefined): Outgoing | undefined {
  try {
    // Anything but a plain object (often a Request) has its members on a prototype, where spreading misses them.
    const isPlain = !init || Object.getPrototypeOf(init) === Object.prototype;
    const given = isPlain ? input : new Request(input, init);
    const options = isPlain && init ? init : undefined;
    const request = given instanceof Request ? given : undefined;
    const url = urlParts(request ? request.url : normalUrl(given as string | URL));
    if (!url.scheme.startsWith('http')) return undefined;
    return {
      url,
      method: (options?.method ?? request?.method ?? 'GET').toUpperCase(),
      request,
      init: options,
      headers: options?.headers ?? request?.headers,
      redirect: options?.redirect ?? request?.redirect ?? 'follow',
    };
  } catch {
    return undefined; // expected: not a URL, or not a request
  }
}

interface Way {
  invocation: Invocation;
  context: Context;
  /** Sends in place of the platform's fetch. */
  binding: Sender | undefined;
}

async function send(outgoing: Outgoing, { invocation, context, binding }: Way): Promise<Response> {
  const { url, method, request, init, headers, redirect } = outgoing;
  const span = startChild(methodName(method), KIND_CLIENT, { context, invocation });
  if (span.isRecording()) {
    setMethod(span, method);
    span.setAttribute(ATTR_URL_FULL, fullUrl(url));
    setServer(span, url);
  }
  try {
    const target = request ?? url.href;
    let response: Response;
    const isOurs = binding !== undefined || mayPropagate(invocation, url.origin);
    const added = isOurs ? outgoingHeaders(span, context, binding ? undefined : url.origin) : undefined;
    const passed = replaceContext(headers, added, invocation);
    const options = passed && passed !== headers ? { ...init, headers: passed } : init;
    // A binding's other end is the deployer's, wherever it redirects to.
    if (binding) response = await binding.fetch(target, options);
    else if (isOurs && redirect === 'follow') {
      const injected = { ...options, redirect: 'manual' } as const;
      response = await platformFetch(target, injected);
      if (isRedirect(response.status))
        response = await followRedirects(response, { outgoing, injected, invocation, context, span });
    } else response = await platformFetch(target, options);
    setResponseStatus(span, response.status, 400);
    return response;
  } catch (error) {
    setError(span, error);
    throw error;
  } finally {
    span.end();
  }
}
