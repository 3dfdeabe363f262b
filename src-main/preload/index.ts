import { contextBridge, ipcRenderer } from 'electron';
import type { IpcRendererEvent } from 'electron';
import { channelNames } from '../shared/contract/channel-names.ts';
import type { WorkbenchBridge, WorkbenchEvent } from '../shared/contract/events.ts';
import { ipcNames } from '../shared/contract/ipc-names.ts';

const known: ReadonlySet<string> = new Set(channelNames);

/** All that a page can reach: two functions, and only the contract's channels. No Node, no Electron, no paths. */
const bridge: WorkbenchBridge = {
  shell: 'electron',
  invoke(channel, input) {
    if (!known.has(channel)) {
      const error = { code: 'bad-input', message: `There is no channel “${String(channel).slice(0, 80)}”.` };
      return Promise.resolve({ ok: false, error });
    }
    return ipcRenderer.invoke(ipcNames.invoke, channel, input);
  },
  subscribe(listener) {
    // The page never sees Electron's event object.
    const forward = (_: IpcRendererEvent, event: WorkbenchEvent) => listener(event);
    ipcRenderer.on(ipcNames.event, forward);
    return () => ipcRenderer.off(ipcNames.event, forward);
  },
};

contextBridge.exposeInMainWorld('flipguard', bridge);
