import type { Instrumentation } from '../core.ts';
import { beacons } from './beacon.ts';
import { connections } from './connections.ts';
import { consoleErrors } from './console.ts';
import { errors } from './errors.ts';
import { eventTiming } from './event-timing.ts';
import { fetchRequests } from './fetch.ts';
import { frustration } from './frustration.ts';
import { handedOver } from './handed-over.ts';
import { interactions } from './interactions.ts';
import { longFrames } from './long-frames.ts';
import { navigation } from './navigation.ts';
import { pageLoad } from './page-load.ts';
import { taskBoundaries } from './task-boundaries.ts';
import { webVitals } from './web-vitals.ts';
import { xhrRequests } from './xhr.ts';

/** In the order they start: the page load first, for the others' work belongs to it; interactions before what asks whose click it was. */
export const INSTRUMENTATIONS: readonly Instrumentation[] = [
  pageLoad,
  taskBoundaries,
  interactions,
  navigation,
  handedOver,
  fetchRequests,
  xhrRequests,
  beacons,
  connections,
  errors,
  consoleErrors,
  eventTiming,
  longFrames,
  frustration,
  webVitals,
];
