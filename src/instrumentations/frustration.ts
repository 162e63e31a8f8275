import type { Span } from '@opentelemetry/api';
import { elementAttributes, operatedElement } from '../browser/element.ts';
import { guard } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import type { Instrumentation } from '../core.ts';
import { ATTR_CLICK_FRUSTRATION, EVENT_CLICK } from '../wire/names.ts';

/** As many clicks on one element, each so soon after the one before, are rage. */
const RAGE_CLICKS = 3;
const RAGE_WITHIN_MS = 700;
/** A click that changed nothing for so long is dead. */
const DEAD_AFTER_MS = 1500;
/** Clicks on these need not change the document to have worked. */
const SELF_SUFFICIENT =
  'input:not([type=submit],[type=button]),select,textarea,label,video,audio,[contenteditable],[download]';

/** `browser.user_action.click` events for rage clicks and for dead ones: on a control, and nothing came of it. */
export const frustration: Instrumentation = {
  name: 'frustration',
  start(core) {
    const { activities, contexts } = core;
    let repeated = { element: undefined as Element | undefined, count: 0, atMs: 0 };

    const report = (kind: string, element: Element, span: Span | undefined) =>
      core.emit({
        name: EVENT_CLICK,
        span: span?.spanContext() ?? core.view.root?.().spanContext(),
        attributes: { [ATTR_CLICK_FRUSTRATION]: kind, ...elementAttributes(element) },
      });

    return listen<MouseEvent>(window, 'click', (event) => {
      const element = event.isTrusted ? operatedElement(event.target) : undefined;
      if (!element) return;
      const activity = activities.of(contexts.held());
      const isRepeated = element === repeated.element && event.timeStamp - repeated.atMs < RAGE_WITHIN_MS;
      repeated = { element, count: isRepeated ? repeated.count + 1 : 1, atMs: event.timeStamp };
      if (repeated.count === RAGE_CLICKS) report('rage', element, activity?.span);
      if (repeated.count > 1 || !element.matches('a,button,[role=button],[role=link],input')) return;
      if (element.matches(SELF_SUFFICIENT)) return;

      const address = location.href;
      let isChanged = false;
      const changed = new MutationObserver(() => {
        isChanged = true;
        changed.disconnect();
      });
      changed.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      const scrolled = listen(window, 'scroll focusin blur', () => {
        isChanged = true;
      });
      setTimeout(
        guard(() => {
          changed.disconnect();
          scrolled();
          const led = isChanged || activity?.span !== undefined || location.href !== address || document.hidden;
          if (!led) report('dead', element, undefined);
        }),
        DEAD_AFTER_MS,
      );
    });
  },
};
