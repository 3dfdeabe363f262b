import { BrowserWindow, ipcMain } from 'electron';
import type { IpcMainInvokeEvent } from 'electron';
import type { Workbench } from '../../workbench/workbench.ts';
import { WindowPace } from '../pace.ts';
import { isAppAddress } from './app-address.ts';
import { ipcNames } from '../../shared/contract/ipc-names.ts';

/** Windows ask over one channel and hear over another; only the main frame of the workbench's own page is heard. */
export function serveIpc(workbench: Pick<Workbench, 'handle' | 'subscribe'>): void {
  ipcMain.handle(ipcNames.invoke, (event, channel: unknown, input: unknown) => {
    if (!isOwnPage(event)) return { ok: false, error: { code: 'bad-input', message: 'This page may not ask.' } };
    if (typeof channel !== 'string')
      return { ok: false, error: { code: 'bad-input', message: 'The channel is not named by a text.' } };
    return paceOf(event.sender).run(() => workbench.handle(channel, input));
  });
  workbench.subscribe((event) => {
    for (const window of BrowserWindow.getAllWindows()) {
      if (isAppAddress(window.webContents.getURL())) window.webContents.send(ipcNames.event, event);
    }
  });
}

/** One for each window, and gone with it. */
const paces = new WeakMap<IpcMainInvokeEvent['sender'], WindowPace>();

function paceOf(sender: IpcMainInvokeEvent['sender']): WindowPace {
  const known = paces.get(sender);
  if (known !== undefined) return known;
  const pace = new WindowPace();
  paces.set(sender, pace);
  return pace;
}

function isOwnPage({ senderFrame, sender }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isAppAddress(senderFrame.url);
}
