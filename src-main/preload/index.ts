import { contextBridge, ipcRenderer } from 'electron';
import type { IpcRendererEvent } from 'electron';
import type { WorkbenchBridge, WorkbenchEvent } from '../shared/contract/events.ts';
import { ipcNames } from '../shared/contract/ipc-names.ts';

/**
 * All that a page can reach: two functions. No Node, no Electron, no paths. Which channels there are, and what each takes, is
 * checked on the trusted side (`workbench/contract/dispatch.ts`); a second list here would only grow old.
 */
const bridge: WorkbenchBridge = {
  shell: 'electron',
  invoke: (channel, input) => ipcRenderer.invoke(ipcNames.invoke, channel, input),
  subscribe(listener) {
    // The page never sees Electron's event object.
    const forward = (_: IpcRendererEvent, event: WorkbenchEvent) => listener(event);
    ipcRenderer.on(ipcNames.event, forward);
    return () => ipcRenderer.off(ipcNames.event, forward);
  },
};

contextBridge.exposeInMainWorld('flipguard', bridge);
