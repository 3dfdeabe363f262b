import { installLastResort } from '../../src-main/shells/defects.ts';

// A shell with a defect, started by the test: `rejection` or `exception`.
installLastResort({
  say: (text) => process.stdout.write(`said: ${text}\n`),
  close: async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.stdout.write('closed\n');
  },
  exit: (status) => process.exit(status),
});
if (process.argv[2] === 'exception')
  setImmediate(() => {
    JSON.parse('{');
  });
else {
  const forgotten = Promise.reject(new Error('nobody waits for this'));
  setTimeout(() => process.stdout.write(`still here ${forgotten instanceof Promise}\n`), 50);
}
