// A process of the workbench that sets TensorFlow up while its window continues: `in-window.mjs look|set-up CHOICE`, where CHOICE is JSON
// with `mirror`, `folder`, `source` and `flavour`. What it says, how far it is and what it came to are messages to its parent, which
// tries the binding for it: a packaged application cannot be started as a Node.
import { look, setUpFrom } from './chosen.mjs';
import { nvidiaGpus } from './gpu.mjs';
import { interrupt, throwIfInterrupted } from './interruption.mjs';
import { tellInstead } from './log.mjs';

const [task, text = '{}'] = process.argv.slice(2);
const { mirror, folder, source, flavour } = JSON.parse(text);
const channel = openChannel();
const env = {
  ...process.env,
  ...(mirror ? { FLIPGUARD_TENSORFLOW_HOST: mirror } : {}),
  ...(folder ? { FLIPGUARD_LIBTENSORFLOW_DIR: folder } : {}),
};
let tried = () => {};
channel.listen((message) => {
  if (message.kind === 'cancel') {
    interrupt();
    tried({ ok: false, reason: 'cancelled' });
  } else if (message.kind === 'tried') tried(message);
});
tellInstead((message) => channel.send(message));

try {
  const value = task === 'look' ? await look({ env, smoke }) : await setUpFrom({ env, source, flavour, smoke });
  channel.end({ kind: 'end', ok: true, value });
} catch (error) {
  channel.end({ kind: 'end', ok: false, reason: error.message });
}

/** Asks the parent to open the binding in a process of its own. */
async function smoke() {
  throwIfInterrupted();
  const gpu = (await nvidiaGpus(env)).length > 0;
  return new Promise((resolve, reject) => {
    tried = ({ ok, tensorflow, gpu, reason }) => {
      if (ok) resolve({ tensorflow, gpu });
      else reject(new Error(`the binding does not load: ${reason}`));
    };
    channel.send({ kind: 'try', gpu });
  });
}

/** To the workbench: Electron's port of a utility process, or Node's channel to a parent that forked. */
function openChannel() {
  const port = process.parentPort;
  if (port !== undefined) {
    return {
      send: (message) => port.postMessage(message),
      listen: (hear) => port.on('message', ({ data }) => hear(data)),
      end(message) {
        port.postMessage(message);
        // The port does not tell when a message has left.
        setTimeout(() => process.exit(0), 250);
      },
    };
  }
  // A parent that is gone wants nothing any more.
  process.once('disconnect', interrupt);
  return {
    send: (message) => process.connected && process.send(message, () => {}),
    listen: (hear) => process.on('message', hear),
    end: (message) => (process.connected ? process.send(message, () => process.exit(0)) : process.exit(0)),
  };
}
