import type { Span } from '@opentelemetry/api';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { guard, type Stop } from '../browser/guard.ts';
import { type Around, patchMethod } from '../browser/patch.ts';
import { describeAnswer, describeFailure, isAbort, requestAttributes, requestName } from '../context/request-span.ts';
import type { PendingRequest } from '../context/requests.ts';
import type { Core, Instrumentation } from '../core.ts';
import { BAGGAGE } from '../wire/baggage.ts';
import { TRACEPARENT, TRACESTATE } from '../wire/traceparent.ts';
import { type FetchCall, readFetchCall, withInit } from './fetch-call.ts';
import { requestHeaders } from './request-headers.ts';

/** Paths seen to redirect; a site that redirects everywhere must not fill the memory. */
const MAX_REDIRECTING = 200;

/**
 * Spans for `fetch`: `{method} {template}`, kind CLIENT, ended with the response.
 *
 * OpenTelemetry's instrumentation starts the spans. Its patch is replaced, because a page can tell it is there: it
 * throws where fetch rejects, writes into the caller's init, fails on a frozen one, loses the init of an ignored
 * Request, clones every body and reads the clone to its end, and ends spans 300 ms late.
 */
class PageFetch extends FetchInstrumentation {
  #core: Core;
  #restore: Stop | undefined;
  #redirecting = new Set<string>();

  constructor(core: Core) {
    super({ enabled: false });
    this.#core = core;
    // The spans' parents come from our contexts, also where another library has taken OpenTelemetry's global ones.
    const startSpan: Core['startSpan'] = (name, options) => core.startSpan(name, options);
    this.setTracerProvider({ getTracer: () => ({ startSpan }) } as never);
    this.enable();
  }

  override enable(): void {
    // The base constructor calls this before our fields are there.
    if (this.#core) this.#restore = patchMethod(globalThis, 'fetch', (_, args) => this.#before(args));
  }

  override disable(): void {
    this.#restore?.();
  }

  #before(args: readonly unknown[]): Around | undefined {
    const core = this.#core;
    const { contexts, policy, requests } = core;
    const call = readFetchCall(args);
    if (!call || core.ignores(call.url)) return undefined;
    const { url, init, request } = call;
    const isAllowed =
      policy.allows(url) && call.mode !== 'no-cors' && !this.#redirecting.has(url.origin + url.pathname);
    // Reading the headers may throw, as fetch will; better before there is a span that would never end.
    const headers = isAllowed ? new Headers(init?.headers ?? request?.headers) : undefined;

    const context = contexts.active();
    // biome-ignore lint/complexity/useLiteralKeys: TypeScript lets a subclass read a private member only so.
    const span = this['_createSpan'](url.href, { method: call.method });
    if (!span) return undefined;
    span.updateName(requestName(call.method, url));
    span.setAttributes(requestAttributes(core, call.method, url, init?.body));
    const pending = requests.begin(url.href, span);
    let unfollowed: Headers | undefined;
    const around: Around = {
      threw: () => pending.end(),
      returned: (result) => {
        pending.sent();
        const sent = result as Promise<Response>;
        const answer = unfollowed ? this.#followed(sent, call, unfollowed, pending) : sent;
        observe(answer, span, pending, call.signal);
        return contexts.carryPromise(context, answer);
      },
    };
    if (headers && !headers.has(TRACEPARENT)) {
      for (const [name, value] of requestHeaders(core, span, url)) headers.set(name, value);
      if (mayRepeat(call)) unfollowed = headers;
      around.args = [args[0], withInit(call, headers, unfollowed && 'manual'), ...args.slice(2)];
    }
    return around;
  }

  /**
   * A redirect would take our headers along, to whatever origin it names, and cost a preflight there that may fail. So a
   * request that carries them does not follow; when it is redirected it is made again as the page made it.
   */
  #followed(sent: Promise<Response>, call: FetchCall, headers: Headers, pending: PendingRequest): Promise<Response> {
    return sent.then((answer) => {
      if (answer.type !== 'opaqueredirect') return answer;
      const { url, request } = call;
      if (this.#redirecting.size < MAX_REDIRECTING) this.#redirecting.add(url.origin + url.pathname);
      for (const name of [TRACEPARENT, TRACESTATE, BAGGAGE]) headers.delete(name);
      const again = this.#core.fetch(request ?? url.href, withInit(call, headers));
      pending.sent();
      return again;
    });
  }
}

// HTTP lets a safe method be repeated. A service worker may answer with a redirected response, which only `follow` takes.
function mayRepeat({ method, redirect }: FetchCall): boolean {
  return /^(get|head)$/i.test(method) && redirect === 'follow' && !navigator.serviceWorker?.controller;
}

function observe(answer: Promise<Response>, span: Span, pending: PendingRequest, signal: FetchCall['signal']): void {
  answer.then(
    guard((response) => {
      describeAnswer(span, response.status);
      pending.answered(() => response.bodyUsed);
    }),
    guard((error: unknown) => {
      if (!isAbort(error, signal)) describeFailure(span, error instanceof Error ? error.name : 'Error');
      pending.end();
    }),
  );
}

export const fetchRequests: Instrumentation = {
  name: 'fetch',
  start(core) {
    const instrumentation = new PageFetch(core);
    return () => instrumentation.disable();
  },
};
