import { app } from 'electron';
import type { Session } from 'electron';
import { isAppAddress } from './app-address.ts';
import { isHostAddress } from './host-address.ts';

/** A page may ask for nothing: no camera, no notifications, no devices. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write');
  session.setDevicePermissionHandler(() => false);
}

/** Requests go to the workbench itself and nowhere else, whatever the page's own policy says. */
export function denyNetwork(session: Session): void {
  session.webRequest.onBeforeRequest((request, answer) => {
    const local = isAppAddress(request.url) || /^(blob|data|devtools):/.test(request.url);
    answer({ cancel: !local });
  });
}

/** Windows stay where they are, open no others, and embed nothing. */
export function pinContents(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.on('will-navigate', (event) => {
      if (!isAppAddress(event.url) && !isHostAddress(contents, event.url)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-frame-navigate', (event) => {
      if (!isAppAddress(event.url) && !isHostAddress(contents, event.url)) event.preventDefault();
    });
  });
}
