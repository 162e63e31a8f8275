import type { Attributes, Context } from '@opentelemetry/api';
import { stopAll } from '../browser/guard.ts';
import { observe } from '../browser/observe.ts';
import type { Instrumentation } from '../core.ts';
import { ATTR_FRAME_BLOCKING, ATTR_FRAME_SCRIPTS } from '../wire/names.ts';
import { redactUrl } from '../wire/url.ts';

interface Script {
  duration: number;
  forcedStyleAndLayoutDuration: number;
  invoker: string;
  sourceFunctionName: string;
  sourceURL: string;
}
interface LongFrame extends PerformanceEntry {
  blockingDuration?: number;
  firstUIEventTimestamp?: number;
  scripts?: readonly Script[];
}

const MAX_SCRIPTS = 3;

/**
 * `long frame` spans (`long task` where the browser has no long animation frames) under the activity they delayed: the
 * interaction whose event the frame handled, else the one that was open. A frame nobody waited for makes none.
 */
export const longFrames: Instrumentation = {
  name: 'long-frames',
  start(core) {
    const { activities, clock } = core;
    const report = (name: string) => (frame: LongFrame) => {
      const { firstUIEventTimestamp, startTime, duration } = frame;
      const endMs = clock.at(startTime + duration);
      const interaction = firstUIEventTimestamp
        ? activities.interactionIn(clock.at(firstUIEventTimestamp), endMs)
        : undefined;
      const parent: Context | undefined = interaction?.context ?? activities.fallback();
      if (!parent) return;
      const span = core.startSpan(name, { startTime: clock.at(startTime), attributes: frameAttributes(frame) }, parent);
      span.end(endMs);
    };
    const hasFrames = PerformanceObserver.supportedEntryTypes.includes('long-animation-frame');
    return stopAll([
      hasFrames ? observe('long-animation-frame', report('long frame')) : observe('longtask', report('long task')),
    ]);
  },
};

function frameAttributes({ blockingDuration, scripts = [] }: LongFrame): Attributes {
  const attributes: Attributes = {};
  if (blockingDuration !== undefined) attributes[ATTR_FRAME_BLOCKING] = Math.round(blockingDuration);
  if (scripts.length > 0)
    attributes[ATTR_FRAME_SCRIPTS] = [...scripts]
      .sort((a, b) => b.duration - a.duration)
      .slice(0, MAX_SCRIPTS)
      .map(
        ({ sourceURL, sourceFunctionName, invoker, duration, forcedStyleAndLayoutDuration: forced }) =>
          `${redactUrl(sourceURL)}#${sourceFunctionName} ${invoker} ${Math.round(duration)}+${Math.round(forced)}`,
      );
  return attributes;
}
