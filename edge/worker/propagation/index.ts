export type { Propagator } from '../propagator.ts';
export { answerTiming } from './answer-timing.ts';
export { b3 } from './b3.ts';
export { type BaggageOptions, baggage } from './baggage.ts';
export { jaeger } from './jaeger.ts';
