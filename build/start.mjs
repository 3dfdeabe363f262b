// `npm start`: sets up what is missing, then opens the workbench in Electron, or in the browser where Electron cannot be had.
import path from 'node:path';
import { ensureBundle } from './setup/bundle.mjs';
import { ensureElectron } from './setup/electron-binary.mjs';
import { ensureNative } from './setup/ensure-native.mjs';
import { launchWorkbench, runInForeground } from './setup/launch.mjs';
import { checkoutDir } from './setup/paths.mjs';

const args = process.argv.slice(2);
await ensureNative();
const electron = await ensureElectron();
const bundle = await ensureBundle('file' in electron ? 'all' : 'renderer');
if (!bundle.ok) {
  process.stderr.write(`The interface could not be built: ${bundle.reason}\n`);
  process.exit(3);
}
let reason = 'reason' in electron ? electron.reason : undefined;
if ('file' in electron) {
  const startedAtMs = Date.now();
  const status = await runInForeground(electron.file, [checkoutDir, ...args], process.env);
  // A missing system library or a forbidden sandbox ends Electron at once, before anybody saw a window.
  if (status !== 0 && Date.now() - startedAtMs < 5_000) reason = `Electron ended at once with status ${status}`;
  else process.exitCode = status;
}
if (reason !== undefined) {
  process.stderr.write(`Opening in the browser instead of a window: ${reason}.\n`);
  const entry = path.join(checkoutDir, 'src-main', 'shells', 'cli', 'main.ts');
  process.exitCode = await launchWorkbench(entry, ['serve', '--open', ...args]);
}
