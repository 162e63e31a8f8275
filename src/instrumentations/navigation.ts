import { type Stop, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import { patchMethod } from '../browser/patch.ts';
import type { Instrumentation } from '../core.ts';
import { createPageView } from '../session/page-view.ts';
import {
  ATTR_NAVIGATION_SAME_DOCUMENT,
  ATTR_NAVIGATION_TYPE,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_TEMPLATE,
} from '../wire/names.ts';

/**
 * `navigation {route}` for each route change: a page view of its own. Under the interaction that led to it, else the root
 * of a trace. Work that follows in the same task belongs to it.
 */
export const navigation: Instrumentation = {
  name: 'navigation',
  start(core) {
    let address = pageAddress();
    const changed = () => {
      const now = pageAddress();
      if (now === address) return;
      address = now;
      const { activities, clock, contexts, settings } = core;
      const view = createPageView(location.href, settings.route);
      const held = contexts.held();
      const activity = activities.begin({
        kind: 'navigation',
        startMs: clock.now(),
        parent: activities.of(held)?.kind === 'interaction' ? held : undefined,
        startSpan: (parent, options) => core.startSpan(`navigation ${view.route}`, options, parent),
      });
      core.view = view;
      activity.keepOpen()(clock.now());
      activity.span?.setAttributes({
        [ATTR_URL_FULL]: view.url,
        [ATTR_URL_PATH]: location.pathname,
        [ATTR_URL_TEMPLATE]: view.route,
        [ATTR_NAVIGATION_TYPE]: 'soft',
        [ATTR_NAVIGATION_SAME_DOCUMENT]: true,
      });
      if (activity.span) view.root = activity.span.spanContext();
      core.sessions.touch();
      contexts.hold(activity.context);
    };
    return watchAddress(changed);
  },
};

/** What makes a page another page: its path, and a fragment that is used as one. */
function pageAddress(): string {
  return location.pathname + (/^#!?\//.test(location.hash) ? location.hash : '');
}

function watchAddress(changed: () => void): Stop {
  // Fires inside pushState and replaceState, so that the context of the caller is still held.
  if ('navigation' in window && window.navigation) return listen(window.navigation, 'currententrychange', changed);
  const after = () => ({
    returned(result: unknown) {
      changed();
      return result;
    },
  });
  return stopAll([
    patchMethod(history, 'pushState', after),
    patchMethod(history, 'replaceState', after),
    listen(window, 'popstate hashchange', changed),
  ]);
}
