import { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { createProgram } from '../../src-main/shells/cli/program.ts';
import { code, codes, page, table } from './markdown.ts';

const intro = `\`npx flipguard …\` in the checkout; from elsewhere \`node CHECKOUT/build/flipguard.mjs …\`, or \`flipguard …\` once \`npm link\` has been run there.
The program’s own options may come before or after the command.`;

const names = `**LEFT and RIGHT** name evaluations, left = old, right = new. A run, a checkpoint (\`RUN@STEP\`) or a model stands for its newest evaluation
on the suite that both sides have. Names of runs, models, datasets and suites can be given as ids too.`;

const exits = table(
  ['Exit status', 'Meaning'],
  [
    ['0', 'done; the gate passed'],
    ['1', 'the answer is no: the gate failed, the doctor found no backend'],
    ['2', 'usage or input; the gate could not be decided'],
    ['3', 'failure: a file, a device, a run that did not end well'],
  ],
);

const variables: [string, string][] = [
  ['FLIPGUARD_HOME', 'the workspace’s folder where `--workspace` is not given'],
  ['FLIPGUARD_CACHE', 'where libraries and the demo model are kept, outside the checkout'],
  ['FLIPGUARD_BACKEND', 'the backend to prefer: `tensorflow-cuda`, `tensorflow-cpu`, `webgpu`, `wasm` or `cpu`'],
  ['FLIPGUARD_TRL_PYTHON', 'a Python that has TRL: `flipguard bench gpu` measures it next to the workbench'],
  ['FLIPGUARD_LIBTENSORFLOW_DIR', 'a TensorFlow library of your own'],
  ['FLIPGUARD_GPU', '`off`: set-up does not look for an NVIDIA GPU'],
  ['FLIPGUARD_PYTHON', 'the Python that fetches TensorFlow’s wheel'],
  ['FLIPGUARD_TENSORFLOW_HOST', 'another host for the official archives'],
  ['FLIPGUARD_SYSTEM_TENSORFLOW', '`off`: a TensorFlow installed on the system is not used'],
  ['FLIPGUARD_SETUP', '`off`: nothing is set up or fetched'],
  [
    'FLIPGUARD_BINDING_DIR',
    'where TensorFlow’s binding is put and looked for; the packaged application names a folder of the cache',
  ],
  [
    'FLIPGUARD_INSTRUCTIONS',
    'the processor’s instructions for norms, gates and attention: `AVX-512`, `AVX2`, `plain`; `off`: TensorFlow’s own operations',
  ],
  ['FLIPGUARD_SETUP_RETRY', '`1`: a set-up that failed today is tried again'],
  ['FLIPGUARD_QUIET', '`1`: set-up says nothing'],
  ['FLIPGUARD_CHROMIUM', 'the Chromium that prints PDF reports'],
  ['FLIPGUARD_JUDGE_KEY', 'the key of a judge’s endpoint'],
  [
    'FLIPGUARD_JUDGE_URL',
    'the address the key belongs to; it is sent to no other origin. Without it, the one origin that is allowed',
  ],
  [
    'FLIPGUARD_ALLOW_ENDPOINTS',
    'origins that may get prompts and answers, by commas, as `--allow-endpoint` says for one command',
  ],
  [
    'FLIPGUARD_ALLOW_COMMANDS',
    'programs of scorers and rewards that may run, one per line, as `--allow-command` says for one command',
  ],
  ['FLIPGUARD_SSH_COMMAND', 'the ssh that reaches sites and hosts, with its options, e.g. `ssh -F other-config`'],
  ['FLIPGUARD_NODE', 'at a site, in a set-up line: the Node (24 or newer) that its jobs use'],
  ['FLIPGUARD_DEBUG', 'anything: slow queries and failures in the background are logged'],
  ['FLIPGUARD_SHELL', '`web`: `npm start` opens the browser instead of a window'],
  ['FLIPGUARD_WEBGPU_FLAGS', 'flags for Dawn, with commas, e.g. `backend=vulkan`'],
  ['FLIPGUARD_WEBGPU_SOFTWARE', '`1`: a software GPU will do'],
];
/** Read by the sources; the test of this page holds the list against them. */
export const documentedVariables: readonly string[] = variables.map(([name]) => name);

export function cliPage(): string {
  const program = createProgram({
    streams: { env: {}, stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere() },
    run: () => Promise.resolve(),
  });
  return page('Command line', 'src-main/shells/cli/options', [
    intro,
    '    flipguard [--workspace DIR] [--json] COMMAND …',
    optionTable(program),
    names,
    exits,
    ...program.commands.flatMap((command) => commandSections(command, '')),
    '## Environment',
    table(
      ['Variable', 'Meaning'],
      variables.map(([name, meaning]) => [code(name), meaning]),
    ),
  ]);
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function commandSections(command: Command, parent: string): string[] {
  const name = `${parent}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((child) => commandSections(child, `${name} `));
  const args = command.registeredArguments.map((argument) => {
    const shown = `${argument.name().toUpperCase()}${argument.variadic ? '…' : ''}`;
    return argument.required ? shown : `[${shown}]`;
  });
  const choices = command.registeredArguments.flatMap((argument) =>
    argument.argChoices === undefined
      ? []
      : [`${argument.name().toUpperCase()} is one of ${codes(argument.argChoices)}.`],
  );
  const hasOptions = command.options.length > 0;
  return [
    `## ${name}`,
    `    flipguard ${[name, ...args, ...(hasOptions ? ['[options]'] : [])].join(' ')}`,
    sentence(command.description()),
    ...choices,
    ...(hasOptions ? [optionTable(command)] : []),
  ];
}

function optionTable(command: Command): string {
  const rows = command.options.map((option) => [
    code(option.flags),
    [option.description, ...(option.argChoices === undefined ? [] : [codes(option.argChoices)])].join(': '),
    option.mandatory ? 'needed' : option.defaultValue === undefined ? '–' : code(String(option.defaultValue)),
  ]);
  return table(['Option', 'Meaning', 'Default'], rows);
}

function sentence(text: string): string {
  if (text === '') return '';
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.…]$/.test(whole) ? whole : `${whole}.`;
}
