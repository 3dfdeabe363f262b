import { app } from 'electron';
import { registerAppScheme, showWindow, startElectron } from './shells/electron/start.ts';

// What is written is for this account alone: prompts and outputs are in it.
process.umask(0o077);

// One window a user: a second start shows the first.
if (app.requestSingleInstanceLock()) {
  registerAppScheme();
  app.on('second-instance', () => void showWindow());
  app.on('activate', () => void showWindow());
  app.on('window-all-closed', () => app.quit());
  void startElectron();
} else {
  app.quit();
}
