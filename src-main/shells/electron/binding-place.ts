import path from 'node:path';
import { app } from 'electron';
import { sharedCacheFolder } from '../../workbench/workspace/workspace-layout.ts';

/**
 * Where a packaged application has TensorFlow's binding: its own folder is read-only in an AppImage and in a system-wide installation.
 * Every process it starts inherits the name.
 */
export function nameBindingPlace(env: NodeJS.ProcessEnv = process.env): void {
  if (!app.isPackaged) return;
  env['FLIPGUARD_BINDING_DIR'] ??= path.join(
    sharedCacheFolder(env),
    'application',
    `${process.platform}-${process.arch}`,
    'binding',
  );
}
