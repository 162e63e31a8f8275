import type { CDPSession, Page } from 'playwright';
import type { FaultProxy } from './fault-proxy.ts';
import type { FaultSite, PageOptions } from './fault-site.ts';
import type { MadeRecord } from './ground-truth.ts';
import type { Profile } from './profile.ts';

/** What a cell's script works with: pages with the agent, the proxy in front of the collector, and what was made. */
export interface Stage {
  profile: Profile;
  proxy: FaultProxy;
  site: FaultSite;
  made: MadeRecord[];
  /** Opens a page with the agent in a new tab; waits until the agent runs. */
  visit(options?: PageOptions): Promise<Page>;
  /** The address of a page with the agent. */
  address(options?: PageOptions): string;
  /** Waits until all that was made so far is stored. False when `withinMs` pass before. */
  allStored(withinMs: number): Promise<boolean>;
  cdp(page: Page): Promise<CDPSession>;
}

/** One fault: how it is brought about, and what may come of it. */
export interface Cell {
  name: string;
  /** Part of the slice that runs on every change. */
  fast?: boolean;
  /** The pages' script. The pages still open when it ends are closed; then a new page is the next visit. */
  run(stage: Stage): Promise<void>;
  /** The least share of what was made that must arrive, now or at the next visit; the rest must be counted. Default 1. */
  arrives?: number;
  /** Set when the records must arrive before the next visit. */
  now?: boolean;
  /** Runs in a browser process of its own, which `run` may kill. */
  ownBrowser?: boolean;
}

/** A fault of the collector's own process: no page takes part. */
export interface CollectorCell {
  name: string;
  fast?: boolean;
  measure(): Promise<Omit<CellResult, 'name'>>;
}

/** What came of a cell. `failed` says why, and is absent when it is as it must be. */
export interface CellResult {
  name: string;
  n: number;
  deliveredNow: number;
  deliveredLater: number;
  duplicates: number;
  unknownLoss: number;
  pageErrors: number;
  failed?: string;
}
