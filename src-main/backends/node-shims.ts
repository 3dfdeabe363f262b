import { createRequire } from 'node:module';

/**
 * `util.isNullOrUndefined` and `util.isArray` left Node with version 23; tfjs-node 4.22 still calls them. They are put on the module
 * object that `require` answers, which is the one tfjs-node holds.
 */
export function defineRemovedNodeFunctions(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}
