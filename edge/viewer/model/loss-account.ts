import type { StatsGroup } from './collector-stats.ts';
import { formatCount, formatPlural } from './format.ts';

/** What the agents of some pages say became of the spans and events they made. */
export interface AgentAccount {
  pages?: number;
  produced?: number;
  unsampled?: number;
  acknowledged?: number;
  pending?: number;
  /** The part of `pending` of pages that have not been heard of for half an hour. */
  silent?: number;
  dropped?: Record<string, number>;
  unknownLoss?: number;
}

/** What came in with one key. */
export interface KeyAccount {
  keyId: string;
  received?: number;
  stored?: number;
  duplicate?: number;
  rejected?: Record<string, number>;
  forwarded?: number;
  expired?: number;
}

/** What `GET /api/ledger` answers; for a session without `keys`. */
export interface LossAccount {
  /** Absent in what answers in another way, such as a proxy. */
  agents?: AgentAccount;
  keys?: KeyAccount[];
}

/** The account of all pages, then of each key, in words. */
export function describeLosses({ agents = {}, keys = [] }: LossAccount): StatsGroup[] {
  const row = (name: string, count = 0, isBad = false) => ({ name, value: formatCount(count), isBad });
  const reasons = (word: string, counts: Record<string, number> = {}) =>
    Object.entries(counts).map(([reason, count]) => row(`${word}: ${spaced(reason)}`, count, true));
  const { pages, produced, unsampled, acknowledged, pending, silent, dropped, unknownLoss = 0 } = agents;
  const groups = keys.map(({ keyId, received, stored, duplicate, rejected, forwarded, expired }) => ({
    title: `Key ${keyId}`,
    rows: [
      row('Received', received),
      row('Stored', stored),
      row('Came twice, counted once', duplicate),
      ...reasons('Rejected', rejected),
      row('Sent on', forwarded),
      row('Expired', expired),
    ],
  }));
  if (!pages) return groups;
  const account = [
    row('Pages heard of', pages),
    row('Made', produced),
    row('Left out by sampling', unsampled),
    row('Arrived', acknowledged),
    row('Waiting on a device', pending),
    row('of these, silent for half an hour', silent),
    ...reasons('Dropped', dropped),
    row('Lost without a reason', unknownLoss, unknownLoss !== 0),
  ];
  return [{ title: 'Spans and events, as pages tell it', rows: account }, ...groups];
}

/** The account of one session in a line; '' when none of its pages has told anything. */
export function lossLine({
  pages,
  produced = 0,
  acknowledged = 0,
  pending = 0,
  dropped = {},
  unknownLoss = 0,
}: AgentAccount): string {
  if (!pages) return '';
  const parts = [
    `${formatCount(acknowledged)} of ${formatPlural(produced, 'span or event', 'spans and events')} arrived`,
  ];
  if (pending > 0) parts.push(`${formatCount(pending)} waiting`);
  for (const [reason, count] of Object.entries(dropped))
    parts.push(`${formatCount(count)} dropped (${spaced(reason)})`);
  parts.push(unknownLoss === 0 ? 'nothing lost without a reason' : `${formatCount(unknownLoss)} lost without a reason`);
  return parts.join(' · ');
}

function spaced(reason: string): string {
  return reason.replace(/_/g, ' ');
}
