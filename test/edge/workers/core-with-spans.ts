import 'throughline/opentelemetry';

export { default } from './core.ts';
