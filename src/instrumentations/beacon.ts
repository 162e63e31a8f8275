import { patchMethod } from '../browser/patch.ts';
import { describeFailure, startRequest } from '../context/request-span.ts';
import type { Instrumentation } from '../core.ts';

/** A span `POST {template}` for each `sendBeacon`. No header can be sent along, and no answer is seen. */
export const beacons: Instrumentation = {
  name: 'beacon',
  start: (core) =>
    patchMethod(Navigator.prototype, 'sendBeacon', (_, [address]) => {
      const url = new URL(String(address), document.baseURI);
      if (core.ignores(url)) return undefined;
      const span = startRequest(core, { method: 'POST', url });
      return {
        threw: () => span.end(),
        returned(isQueued) {
          if (!isQueued) describeFailure(span, 'QuotaExceededError');
          span.end();
          return isQueued;
        },
      };
    }),
};
