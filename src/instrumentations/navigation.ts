import { type Stop, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import { patchMethod } from '../browser/patch.ts';
import type { Core, Instrumentation } from '../core.ts';
import { createPageView, viewAttributes } from '../session/page-view.ts';
import { ATTR_NAVIGATION_SAME_DOCUMENT } from '../wire/names.ts';

/**
 * `navigation {route}` for each route change, and for a return from the back/forward cache: a page view of its own. Under
 * the interaction that led to it, else the root of a trace. Work that follows in the same task belongs to it.
 */
export const navigation: Instrumentation = {
  name: 'navigation',
  start(core) {
    let address = pageAddress();
    return stopAll([
      watchAddress(() => {
        if (address === pageAddress()) return;
        address = pageAddress();
        core.contexts.hold(startView(core, 'soft'));
      }),
      listen<PageTransitionEvent>(window, 'pageshow', (event) => {
        if (!event.persisted) return;
        // Notices that the system slept, before the event’s time is read.
        core.clock.now();
        startView(core, 'back-forward-cache', core.clock.at(event.timeStamp));
      }),
    ]);
  },
};

function startView(core: Core, type: string, startMs = core.clock.now()) {
  const { activities, contexts, settings } = core;
  const view = createPageView(settings.route);
  const held = contexts.held();
  const activity = activities.begin({
    kind: 'navigation',
    startMs,
    parent: activities.of(held)?.kind === 'interaction' ? held : undefined,
    startSpan: (parent, options) => core.startSpan(`navigation ${view.route}`, options, parent),
  });
  core.sessions.touch();
  core.show(view);
  activity.root().setAttributes({ ...viewAttributes(view, type), [ATTR_NAVIGATION_SAME_DOCUMENT]: true });
  view.root = activity.root;
  return activity.context;
}

/** What makes a page another page: its path, and a fragment that is used as one. */
function pageAddress(): string {
  return location.pathname + (/^#!?\//.test(location.hash) ? location.hash : '');
}

function watchAddress(changed: () => void): Stop {
  // Fires inside pushState and replaceState, so that the context of the caller is still held.
  if ('navigation' in window && window.navigation) return listen(window.navigation, 'currententrychange', changed);
  const after = () => ({ returned: changed });
  return stopAll([
    patchMethod(history, 'pushState', after),
    patchMethod(history, 'replaceState', after),
    listen(window, 'popstate hashchange', changed),
  ]);
}
