import { app } from 'electron';
import { launchElectronTrainer } from '../../trainer/electron-child.ts';
import { useHelperLauncher } from '../../system/helper-process.ts';
import { runCli } from '../cli/run-cli.ts';
import { nameBindingPlace } from './binding-place.ts';
import { launchElectronHelper } from './helper-process.ts';

/** `flipguard …` of a packaged application: the command line in the program that has everything it needs, without a window. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  nameBindingPlace();
  useHelperLauncher(launchElectronHelper);
  app.dock?.hide();
  // Children can be started from then on.
  await app.whenReady();
  app.exit(await runCli(words, process, launchElectronTrainer));
}
