// `npm start`: sets up what is missing, then opens the workbench in Electron, or in the browser where Electron cannot be had.
import path from 'node:path';
import { ensureBundle } from './setup/bundle.mjs';
import { ensureElectron } from './setup/electron-binary.mjs';
import { ensureNative } from './setup/ensure-native.mjs';
import { launchWorkbench, runInForeground } from './setup/launch.mjs';
import { checkoutDir } from './setup/paths.mjs';

const args = process.argv.slice(2);
await ensureNative();
const bundle = await ensureBundle();
if (!bundle.ok) {
  process.stderr.write(`The interface could not be built: ${bundle.reason}\n`);
  process.exit(3);
}
const electron = await ensureElectron();
if ('file' in electron) {
  process.exitCode = await runInForeground(electron.file, [checkoutDir, ...args], process.env);
} else {
  process.stderr.write(`Opening in the browser instead of a window: ${electron.reason}.\n`);
  process.exitCode = await launchWorkbench(path.join(checkoutDir, 'src-main', 'shells', 'cli', 'main.ts'), [
    'serve',
    '--open',
    ...args,
  ]);
}
