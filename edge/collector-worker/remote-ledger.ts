import type { LedgerReads, LedgerWrites } from '../collector/ledger/ledger-access.ts';
import type { ObjectNamespace } from '../store/durable-object/platform.ts';
import type { LedgerEntry, LossLedgerObject } from './ledger-object.ts';

type Method = 'book' | 'keys' | 'totals' | 'pages';

/** The object as it is called from a Worker. */
export type LedgerStub = {
  [M in Method]: (...args: Parameters<LossLedgerObject[M]>) => Promise<Awaited<ReturnType<LossLedgerObject[M]>>>;
};

/** The ledger of all isolates. What is booked goes to its object with `flush`, which every request calls at its end. */
export interface RemoteLedger extends LedgerReads, LedgerWrites {
  /** Resolves when what this isolate has booked is on disk; when it cannot be, the next call tries again. */
  flush(): Promise<void>;
}

const NAME = 'ledger';
/** While the object cannot be reached, so many entries are kept; later ones are lost to the books, and told of. */
const MAX_WAITING = 10_000;

/** The one ledger of a deployment. A stub belongs to the request that made it. */
export function ledgerStub(namespace: ObjectNamespace<LedgerStub>): LedgerStub {
  return namespace.getByName(NAME);
}

export function createRemoteLedger(
  namespace: ObjectNamespace<LedgerStub>,
  report: (message: string) => void,
): RemoteLedger {
  let waiting: LedgerEntry[] = [];
  const stub = (): LedgerStub => ledgerStub(namespace);
  const add = (entry: LedgerEntry): void => {
    if (waiting.length < MAX_WAITING) waiting.push(entry);
    else report('The loss ledger cannot be reached: entries were left out.');
  };
  return {
    count: (keyId, counts) => add({ keyId, atMs: Date.now(), counts }),
    hear: (keyId, ledger) => add({ keyId, atMs: Date.now(), report: ledger }),
    keys: async () => new Map(await stub().keys()),
    totals: (of = {}) => stub().totals(of),
    pages: (sessionId) => stub().pages(sessionId),
    async flush() {
      if (waiting.length === 0) return;
      const entries = waiting;
      waiting = [];
      try {
        await stub().book(entries);
      } catch (error) {
        // What the batch brought is stored and is answered as such; only its count comes later.
        waiting = [...entries, ...waiting].slice(0, MAX_WAITING);
        report(`The loss ledger could not be written: ${String(error)}`);
      }
    },
  };
}
