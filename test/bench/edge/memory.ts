import { load } from './load.ts';
import { startBenchSink } from './servers.ts';
import { bundleVariant, type Variant } from './variants.ts';
import { startWorkerd } from './workerd-process.ts';

const WARM_UP = 10_000;
const MAX_HEAP_MB = 40;

export interface MemoryResult {
  requests: number;
  warmUp: number;
  maxHeapMb: number;
  survived: boolean;
  residentMbAfterWarmUp: number;
  residentMbAtEnd: number;
}

/** Whether an isolate with a small heap lives through many traced requests, and what the process grows by. */
export async function measureMemory(
  variant: Variant,
  { originUrl, requests }: { originUrl: string; requests: number },
): Promise<MemoryResult> {
  const sink = await startBenchSink();
  const workerd = await startWorkerd({
    script: await bundleVariant(variant),
    flags: variant.flags,
    bindings: { ORIGIN: originUrl, SINK: sink.url },
    maxHeapMb: MAX_HEAP_MB,
  });
  const result = { requests, warmUp: WARM_UP, maxHeapMb: MAX_HEAP_MB };
  let residentMbAfterWarmUp = 0;
  try {
    await load(workerd.port, { count: WARM_UP, connections: 8 });
    residentMbAfterWarmUp = workerd.residentMb();
    await load(workerd.port, { count: requests - WARM_UP, connections: 8 });
    return { ...result, survived: true, residentMbAfterWarmUp, residentMbAtEnd: workerd.residentMb() };
  } catch {
    return { ...result, survived: workerd.isAlive(), residentMbAfterWarmUp, residentMbAtEnd: Number.NaN };
  } finally {
    await workerd.stop();
    sink.close();
  }
}
