/** The two messages that pass between a window and the main process; everything else is inside them. */
export const ipcNames = { invoke: 'workbench:invoke', event: 'workbench:event' } as const;
