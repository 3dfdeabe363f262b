export { runDemo } from './run-demo.ts';
export type { DemoResult } from './run-demo.ts';
