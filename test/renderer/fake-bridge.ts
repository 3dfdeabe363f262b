import type { ChannelName, Input, Output } from '../../src-main/shared/contract/channels.ts';
import type { WorkbenchEvent, WorkbenchEventBody } from '../../src-main/shared/contract/events.ts';
import { reportOf } from '../../src-main/shared/domain/errors.ts';
import type { ConnectionState, ShellBridge } from '../../src-renderer/api/connection.ts';

type Handler<N extends ChannelName> = (input: Input<N>) => Output<N> | Promise<Output<N>>;
type Handlers = { [N in ChannelName]?: Handler<N> };

/** A workbench of answers given by hand: what was asked is kept, and events are told when the test says so. */
export class FakeBridge implements ShellBridge {
  readonly shell = 'web';
  readonly calls: { channel: string; input: unknown }[] = [];
  handlers: Handlers;
  private listener: (event: WorkbenchEvent) => void = () => undefined;
  private readonly connectionListeners = new Set<(state: ConnectionState) => void>();
  private seq = 0;
  private epoch = 'first';

  constructor(handlers: Handlers = {}) {
    this.handlers = handlers;
  }

  async invoke(channel: string, input: unknown): Promise<unknown> {
    this.calls.push({ channel, input });
    const handler = this.handlers[channel as ChannelName] as ((input: unknown) => unknown) | undefined;
    if (handler === undefined) return { ok: false, error: { code: 'not-found', message: `no answer for ${channel}` } };
    try {
      return { ok: true, value: await handler(input) };
    } catch (error) {
      return { ok: false, error: reportOf(error) };
    }
  }

  subscribe(listener: (event: WorkbenchEvent) => void): () => void {
    this.listener = listener;
    return () => (this.listener = () => undefined);
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.connectionListeners.add(listener);
    listener('open');
    return () => this.connectionListeners.delete(listener);
  }

  tell(body: WorkbenchEventBody): void {
    this.seq += 1;
    this.listener({ ...body, seq: this.seq, epoch: this.epoch });
  }

  /** An event that never arrives. */
  lose(): void {
    this.seq += 1;
  }

  restart(): void {
    this.epoch = 'second';
    this.seq = 0;
  }

  setConnection(state: ConnectionState): void {
    for (const listener of this.connectionListeners) listener(state);
  }

  asked(channel: ChannelName): unknown[] {
    return this.calls.filter((call) => call.channel === channel).map((call) => call.input);
  }
}

/** Lets everything that is only waiting for promises run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
