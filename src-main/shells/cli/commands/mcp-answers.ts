import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

/** The requests of a transport that wait for their answer. Made before the server is connected to it. */
export interface OpenAnswers {
  /** Resolves once every request that came has been answered or withdrawn. */
  settled(): Promise<void>;
}

export function watchAnswers(transport: Transport): OpenAnswers {
  const open = new Set<RequestId>();
  let onSettled: (() => void)[] = [];

  function close(id: RequestId): void {
    open.delete(id);
    if (open.size > 0) return;
    for (const settle of onSettled) settle();
    onSettled = [];
  }

  // A server that is connected calls this first.
  transport.onmessage = (message: JSONRPCMessage) => {
    if ('method' in message && 'id' in message) open.add(message.id);
    const withdrawn = withdrawnBy(message);
    if (withdrawn !== null) close(withdrawn);
  };
  const send = transport.send.bind(transport);
  transport.send = async (message, options) => {
    try {
      await send(message, options);
    } finally {
      if (!('method' in message) && message.id !== undefined) close(message.id);
    }
  };
  return {
    settled: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => onSettled.push(resolve))),
  };
}

/** Nobody answers what was withdrawn. */
function withdrawnBy(message: JSONRPCMessage): RequestId | null {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return null;
  const id = message.params?.['requestId'];
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
