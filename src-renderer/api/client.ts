import { shallowRef } from 'vue';
import type { ChannelName, Input, Output } from '@shared/contract/channels.ts';
import type { Result } from '@shared/domain/errors.ts';
import type { Consent } from '@shared/domain/errors.ts';
import { WorkbenchError } from '@shared/domain/errors.ts';
import type { ConnectionState, ShellBridge } from './connection.ts';
import { EventStream } from './event-stream.ts';
import { WebBridge } from './web-bridge.ts';

interface Session {
  bridge: ShellBridge;
  events: EventStream;
}
let session: Session | null = null;

/** How the connection to the workbench fares; Electron's is always open. */
export const connection = shallowRef<ConnectionState>('open');

/** Connects the renderer to a shell: Electron's preload bridge where there is one, else a WebSocket. Tests pass their own. */
export function connect(bridge: ShellBridge = window.flipguard ?? new WebBridge()): void {
  session = { bridge, events: new EventStream(bridge) };
  connection.value = 'open';
  bridge.onConnection?.((state) => (connection.value = state));
}

type Ask = (consent: Consent, reason: string) => Promise<boolean>;
let askPerson: Ask | null = null;

/** Who asks the person at the window where a request needs a consent; without one such a request fails. */
export function askForConsentWith(ask: Ask | null): void {
  askPerson = ask;
}

/**
 * Asks the workbench; a failure is thrown as the `WorkbenchError` it was. One that misses a consent is made again once the
 * person at the window has given it.
 */
export async function invoke<N extends ChannelName>(channel: N, input: Input<N>): Promise<Output<N>> {
  // The bridge is untyped by design: the contract's types hold because both sides are built from it.
  const result = (await current().bridge.invoke(channel, input)) as Result<Output<N>>;
  if (result.ok) return result.value;
  const { consent, message } = result.error;
  if (consent === undefined || askPerson === null) throw WorkbenchError.fromReport(result.error);
  if (!(await askPerson(consent, message))) throw new WorkbenchError('cancelled', 'Not allowed.');
  await invoke('consents.give', consent);
  return invoke(channel, input);
}

export function events(): EventStream {
  return current().events;
}

export function reconnectNow(): void {
  current().bridge.reconnect?.();
}

function current(): Session {
  if (session === null) throw new Error('connect() has not been called');
  return session;
}
