import type { Instrumentation } from '../core.ts';
import { errors } from './errors.ts';
import { fetchRequests } from './fetch.ts';
import { interactions } from './interactions.ts';
import { navigation } from './navigation.ts';
import { pageLoad } from './page-load.ts';
import { taskBoundaries } from './task-boundaries.ts';
import { webVitals } from './web-vitals.ts';

/** In the order they start; the page load first, for the others' work belongs to it. */
export const INSTRUMENTATIONS: readonly Instrumentation[] = [
  pageLoad,
  taskBoundaries,
  fetchRequests,
  interactions,
  navigation,
  errors,
  webVitals,
];
