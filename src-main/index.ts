import process from 'node:process';
import { app } from 'electron';
import { runCommandLine } from './shells/electron/command-line.ts';
import { parseStart } from './shells/electron/start-request.ts';
import { registerAppScheme, startElectron } from './shells/electron/start.ts';

// Unpackaged, the first argument is the folder of the application.
const words = (argv: readonly string[]): string[] => argv.slice(app.isPackaged ? 1 : 2);
const request = parseStart(words(process.argv), process.cwd());

if (request.command !== null) {
  await runCommandLine(request.command);
} else if (app.requestSingleInstanceLock()) {
  // One window per user: a second start hands over what it was asked for.
  registerAppScheme();
  app.setAsDefaultProtocolClient('flipguard');
  // Windows shows notifications and the jump list of the program whose shortcut has this name.
  if (process.platform === 'win32') app.setAppUserModelId('org.flipguard.workbench');
  const desktop = startElectron(request);
  const open = (file: string | null, place: string | null, workspace: string | null = null): void => {
    desktop.then((started) => started?.open({ file, place, workspace })).catch(() => app.exit(3));
  };
  app.on('second-instance', (_event, argv, cwd) => {
    const { file, place, workspace } = parseStart(words(argv), cwd);
    open(file, place, workspace);
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    open(file, null);
  });
  app.on('open-url', (event, link) => {
    event.preventDefault();
    open(null, parseStart([link], '/').place);
  });
  app.on('activate', () => open(null, null));
} else {
  app.quit();
}
