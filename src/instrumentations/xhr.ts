import type { Context } from '@opentelemetry/api';
import { type Stop, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import { patchMethod } from '../browser/patch.ts';
import { describeAnswer, describeFailure, startRequest } from '../context/request-span.ts';
import type { Instrumentation } from '../core.ts';
import { TRACEPARENT } from '../wire/traceparent.ts';
import { requestHeaders } from './request-headers.ts';

interface Opened {
  method: string;
  url: URL;
  isAsync: boolean;
  /** The page set `traceparent` itself. */
  hasOwnTrace: boolean;
  context?: Context | undefined;
}

/**
 * Spans for XMLHttpRequest, as for fetch: `{method} {template}`, kind CLIENT. Handlers of the page run in the context
 * `send` was called in. The browser takes our headers along on redirects; only fetch lets us prevent that, so a path
 * that was seen to lead elsewhere, or failed, is left alone.
 */
export const xhrRequests: Instrumentation = {
  name: 'xhr',
  start(core) {
    const { contexts } = core;
    const opened = new WeakMap<XMLHttpRequest, Opened>();
    const { prototype } = XMLHttpRequest;
    const { setRequestHeader } = prototype;

    return stopAll([
      patchMethod(prototype, 'open', (self, [method, address, isAsync = true]) => ({
        returned() {
          const xhr = self as XMLHttpRequest;
          const url = new URL(String(address), document.baseURI);
          url.hash = '';
          const isFirst = !opened.has(xhr);
          opened.set(xhr, { method: String(method), url, isAsync: Boolean(isAsync), hasOwnTrace: false });
          if (!isFirst) return;
          listen(xhr, 'readystatechange', () => contexts.hold(opened.get(xhr)?.context));
          // A handler given before open would run before ours; given again, it runs after.
          const { onreadystatechange } = xhr;
          xhr.onreadystatechange = null;
          xhr.onreadystatechange = onreadystatechange;
        },
      })),
      patchMethod(prototype, 'setRequestHeader', (self, [name]) => {
        const request = opened.get(self as XMLHttpRequest);
        if (request && String(name).toLowerCase() === TRACEPARENT) request.hasOwnTrace = true;
        return undefined;
      }),
      patchMethod(prototype, 'send', (self, [body]) => {
        const xhr = self as XMLHttpRequest;
        const request = opened.get(xhr);
        if (!request || !/^https?:$/.test(request.url.protocol) || core.ignores(request.url)) return undefined;
        const { method, url, hasOwnTrace, isAsync } = request;
        request.context = contexts.active();
        const span = startRequest(core, { method, url, body });
        if (!hasOwnTrace && core.policy.allows(url))
          for (const [name, value] of requestHeaders(core, span)) setRequestHeader.call(xhr, name, value);
        const pending = core.requests.begin(url.href, span);
        let failure = '';
        const stop: Stop = listen(xhr, 'error timeout abort loadend', ({ type }) => {
          if (type !== 'loadend') {
            failure = type;
            return;
          }
          stop();
          if (xhr.status > 0) {
            core.policy.learn(url, xhr.responseURL || url.href);
            describeAnswer(span, xhr.status);
            pending.answered(() => false);
            return;
          }
          if (failure && failure !== 'abort') {
            core.policy.learn(url, undefined);
            describeFailure(span, failure === 'timeout' ? 'TimeoutError' : 'NetworkError');
          }
          pending.end();
        });
        return {
          threw: () => pending.end(),
          returned() {
            pending.sent();
            if (!isAsync) pending.end();
          },
        };
      }),
    ]);
  },
};
