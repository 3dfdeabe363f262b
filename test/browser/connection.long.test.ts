import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { rendererFolder } from '../../src-main/shells/renderer-folder.ts';
import { serveWeb } from '../../src-main/shells/web/server.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();

/** Stands between browser and workbench, and can be pulled out and put back. */
class Cable {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  port = 0;
  target: number;

  constructor(target: number) {
    this.target = target;
  }

  async plug(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    // It listens on TCP, so its address is an object.
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async pull(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    this.server = null;
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }
}

function throughCable(address: string, { port }: Cable): string {
  const url = new URL(address);
  url.port = String(port);
  return url.href;
}

describe.skipIf(noBrowser !== null)('a workbench that is gone for a while', () => {
  const served = useBrowserWorkbench();
  let cable: Cable | null = null;
  afterAll(() => cable?.pull());

  it('is said to be gone, reconnects automatically, and what changed meanwhile is there', async () => {
    cable = new Cable(served.shell.port);
    await cable.plug();
    const app = await served.open({ address: throughCable(served.shell.address, cable) });
    await app.goto('/datasets');
    await app.heading('No dataset yet').waitFor();

    await cable.pull();
    const bar = app.page.getByRole('contentinfo', { name: 'Status' });
    await bar.getByText('workbench not reachable').waitFor();
    await served.workbench.imports.addDataset('made meanwhile', [
      { kind: 'preference', id: 'a', prompt: 'p', chosen: 'c', rejected: 'r' },
    ]);
    await cable.plug();
    await bar.getByText('connected').waitFor();
    await app.page.getByRole('grid', { name: 'Datasets' }).getByText('made meanwhile').waitFor();
    await app.page.getByRole('grid', { name: 'Datasets' }).getByText('made meanwhile').click();
    await app.page.getByRole('grid', { name: 'Rows of made meanwhile' }).getByText('p').first().waitFor();
    const unexpected = app.complaints.filter((text) => !/WebSocket|ERR_CONNECTION/.test(text));
    expect(unexpected).toEqual([]);
    await app.close();
  });
});

describe.skipIf(noBrowser !== null)('a workbench that is restarted', () => {
  const served = useBrowserWorkbench();

  it('says so in a page that is open, and continues there once its new address was opened', async () => {
    const cable = new Cable(served.shell.port);
    await cable.plug();
    onTestFinished(() => cable.pull());
    const app = await served.open({ address: throughCable(served.shell.address, cable) });
    await app.goto('/datasets');
    await app.heading('No dataset yet').waitFor();

    const again = await serveWeb(served.workbench, { rendererFolder: rendererFolder() });
    onTestFinished(() => again.close());
    await cable.pull();
    cable.target = again.port;
    await cable.plug();
    const notice = app.page.getByRole('alert');
    await notice.getByText('The workbench was restarted.').waitFor();
    const other = await app.page.context().newPage();
    await other.goto(throughCable(again.address, cable));
    await app.page.getByRole('contentinfo', { name: 'Status' }).getByText('connected').waitFor();
    await notice.waitFor({ state: 'detached' });
    await app.close();
  });
});

describe.skipIf(noBrowser !== null)('a first start', () => {
  const served = useBrowserWorkbench();

  it('has the demo one click away, shows how it fares everywhere, and can cancel it', async () => {
    const app = await served.open();
    await app.heading('What did training break?').waitFor();
    await app.button('Start the quick demo').click();
    const bar = app.page.getByRole('contentinfo', { name: 'Status' });
    const cancel = bar.getByRole('button', { name: /^Cancel/ });
    await cancel.waitFor();
    await app.goto('/models');
    await cancel.waitFor();
    await cancel.click();
    await app.button('Cancel the demo').click();
    await app.page
      .getByRole('log', { name: 'Notices' })
      .getByText(/^Cancelled/)
      .waitFor();
    await cancel.waitFor({ state: 'detached' });
    expect(app.complaints).toEqual([]);
    await app.close();
  });
});
