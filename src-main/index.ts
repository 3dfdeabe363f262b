import { app } from 'electron';
import { registerAppScheme, showWindow, startElectron } from './shells/electron/start.ts';

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
