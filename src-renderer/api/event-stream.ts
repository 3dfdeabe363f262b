import type { WorkbenchEvent, WorkbenchEventBody } from '@shared/contract/events.ts';
import type { ShellBridge } from './connection.ts';

type Topic = WorkbenchEventBody['topic'];
type EventOf<T extends Topic> = Extract<WorkbenchEvent, { topic: T }>;
type Listener = (event: WorkbenchEvent) => void;

/**
 * Live data = snapshot + tail. Events count up by one within an `epoch` (one life of the server). A number that is left
 * out, a new epoch or a connection that was lost mean that something was missed: everyone who keeps a snapshot is told to
 * read it again.
 */
export class EventStream {
  private epoch: string | null = null;
  private seq = 0;
  private wasLost = false;
  private readonly listeners = new Map<Topic, Set<Listener>>();
  private readonly resyncListeners = new Set<() => void>();

  constructor(bridge: ShellBridge) {
    bridge.subscribe((event) => this.receive(event));
    bridge.onConnection?.((state) => {
      if (state === 'lost') this.wasLost = true;
      if (state === 'open' && this.wasLost) {
        this.wasLost = false;
        this.resync();
      }
    });
  }

  on<T extends Topic>(topic: T, listener: (event: EventOf<T>) => void): () => void {
    const set = this.listeners.get(topic) ?? new Set<Listener>();
    this.listeners.set(topic, set);
    // A listener is only ever called with events of the topic it is filed under.
    const filed = listener as Listener;
    set.add(filed);
    return () => set.delete(filed);
  }

  onResync(listener: () => void): () => void {
    this.resyncListeners.add(listener);
    return () => this.resyncListeners.delete(listener);
  }

  private receive(event: WorkbenchEvent): void {
    const missed = this.epoch !== null && (event.epoch !== this.epoch || event.seq !== this.seq + 1);
    this.epoch = event.epoch;
    this.seq = event.seq;
    for (const listener of this.listeners.get(event.topic) ?? []) listener(event);
    if (missed) this.resync();
  }

  private resync(): void {
    for (const listener of [...this.resyncListeners]) listener();
  }
}
