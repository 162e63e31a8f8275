import type { Span, SpanKind } from '@opentelemetry/api';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { guard, type Stop } from '../browser/guard.ts';
import { type Around, patchMethod } from '../browser/patch.ts';
import { isOwnOrigin } from '../context/propagation-policy.ts';
import { describeAnswer, describeFailure, isAbort, requestAttributes, requestName } from '../context/request-span.ts';
import type { PendingRequest } from '../context/requests.ts';
import type { Core, Instrumentation } from '../core.ts';
import { TRACEPARENT } from '../wire/traceparent.ts';
import { type FetchCall, readFetchCall, withInit } from './fetch-call.ts';
import { requestHeaders } from './request-headers.ts';

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

  constructor(core: Core) {
    super({ enabled: false });
    this.#core = core;
    // The spans' parents come from our contexts, also where another library has taken OpenTelemetry's global ones.
    // What it would say of them we say better.
    const startSpan: Core['startSpan'] = (name, { kind }) => core.startSpan(name, { kind: kind as SpanKind });
    this.setTracerProvider({ getTracer: () => ({ startSpan }) } as never);
    this.enable();
  }

  override enable(): void {
    this.#restore = patchMethod(globalThis, 'fetch', (self, args) => this.#before(self, args));
  }

  override disable(): void {
    this.#restore?.();
  }

  #before(self: unknown, args: readonly unknown[]): Around | undefined {
    const core = this.#core;
    const { contexts, policy, requests } = core;
    const call = readFetchCall(args);
    if (!call || core.ignores(call.url)) return undefined;
    const { url, init, request } = call;
    const mayTell = policy.allows(url) && call.mode !== 'no-cors';
    // Reading the headers may throw, as fetch will; better before there is a span that would never end.
    const given = mayTell ? (init?.headers ?? request?.headers) : undefined;
    const headers = given && new Headers(given);

    const context = contexts.active();
    // biome-ignore lint/complexity/useLiteralKeys: TypeScript lets a subclass read a private member only so.
    const span = this['_createSpan'](url.href, { method: call.method });
    if (!span) return undefined;
    span.updateName(requestName(call.method, url));
    span.setAttributes(requestAttributes(core, call.method, url, init?.body));
    const pending = requests.begin(url.href, span);
    let isRepeatable = false;
    const around: Around = {
      threw: () => pending.end(),
      returned: (result) => {
        pending.sent();
        const sent = result as Promise<Response>;
        const answer = isRepeatable ? sent.then(undefined, () => this.#again(sent, call, args, pending)) : sent;
        this.#observe(answer, span, pending, call);
        return contexts.carryPromise(context, answer);
      },
    };
    const told = mayTell && !headers?.has(TRACEPARENT) ? requestHeaders(core, span) : [];
    if (told.length > 0) {
      for (const [name, value] of told) headers?.set(name, value);
      isRepeatable = (self ?? globalThis) === globalThis && mayRepeat(call);
      // `fetch` would read a Headers object by its iterator, step by step.
      const all = headers ?? Object.fromEntries(told);
      around.args = [args[0], withInit(call, all, isRepeatable ? modeOf(call) : undefined), ...args.slice(2)];
    }
    return around;
  }

  /** The request as the page made it, after one with our headers failed: they may be the reason. */
  #again(sent: Promise<Response>, call: FetchCall, args: readonly unknown[], pending: PendingRequest) {
    // Handed on, not thrown on: browsers keep quiet about what a script of another origin rejects.
    if (call.signal?.aborted) return sent;
    const again = this.#core.fetch(...(args as Parameters<typeof fetch>));
    pending.sent();
    return again;
  }

  #observe(answer: Promise<Response>, span: Span, pending: PendingRequest, { url, signal }: FetchCall): void {
    const { policy } = this.#core;
    answer.then(
      guard((response) => {
        describeAnswer(span, response.status);
        pending.answered(() => response.bodyUsed);
        policy.learn(url, response.url || url.href);
      }),
      guard((error: unknown) => {
        if (!isAbort(error, signal)) describeFailure(span, error instanceof Error ? error.name : 'Error');
        pending.end();
        if (!signal?.aborted) policy.learn(url, undefined);
      }),
    );
  }
}

// HTTP lets a safe method be repeated, and browsers do it themselves when a connection breaks.
function mayRepeat({ method, redirect }: FetchCall): boolean {
  return /^(get|head)$/i.test(method) && redirect === 'follow';
}

/**
 * A redirect to another origin would take our headers along and cost a preflight there, so requests to our own origin do
 * not follow one. Not where a service worker sees the mode, nor where it would keep a preload from being used.
 * @see docs/adr/0004-redirects.md
 */
function modeOf({ url }: FetchCall): RequestMode | undefined {
  if (!isOwnOrigin(url) || navigator.serviceWorker?.controller) return undefined;
  const preloads = document.head?.querySelectorAll<HTMLLinkElement>('link[as=fetch]') ?? [];
  return [...preloads].some(({ href }) => href === url.href) ? undefined : 'same-origin';
}

export const fetchRequests: Instrumentation = {
  name: 'fetch',
  start(core) {
    const instrumentation = new PageFetch(core);
    return () => instrumentation.disable();
  },
};
