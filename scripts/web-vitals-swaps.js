import { swapModules } from './swap-modules.js';

/**
 * Leaves out of the page what web-vitals carries for its attribution build: hooks into each entry, and the last soft
 * navigations. Ours is in `src/instrumentations/vital-attribution.ts`.
 * @returns {import('rollup').Plugin}
 */
export const webVitalsSwaps = () =>
  swapModules({
    folder: 'web-vitals',
    source: 'scripts/web-vitals-swaps.js',
    modules: {
      // One object for the calls of one `opts`, so that attribution finds it; each of our calls has its own.
      'dist/modules/lib/initUnique.js': 'export const initUnique = (_, Type) => new Type();',
    },
    passages: {
      'dist/modules/lib/InteractionManager.js': [
        'this._onBeforeProcessingEntry?.(entry);',
        'this._onAfterProcessingINPCandidate?.(interaction);',
      ],
      'dist/modules/lib/LayoutShiftManager.js': ['this._onAfterProcessingUnexpectedShift?.(entry);'],
      'dist/modules/onFCP.js': [
        'const fcpEntryManager = initUnique(opts, FCPEntryManager);',
        `if (fcpEntryManager._softNavigationEntryMap && entry.navigationId) {
          storeSoftNavEntry(fcpEntryManager._softNavigationEntryMap, entry);
        }`,
      ],
      'dist/modules/onLCP.js': [
        'const lcpEntryManager = initUnique(opts, LCPEntryManager);',
        `if (lcpEntryManager._softNavigationEntryMap && entry.navigationId) {
          storeSoftNavEntry(lcpEntryManager._softNavigationEntryMap, entry);
        }`,
        'lcpEntryManager._processEntry(entry);',
        'lcpEntryManager._processEntry(ICPEntry.largestContentfulPaint);',
      ],
    },
  });
