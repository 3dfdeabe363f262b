import os from 'node:os';
import type { Doctor } from '../../shared/contract/views.ts';

/** What a bug report needs of a machine, as text. Names and paths of the person are left out. */
export function diagnosticsText(version: string, doctor: Doctor, electron: string | undefined): string {
  const { backend, machine, workspace, problems } = doctor;
  const lines = [
    `FlipGuard Workbench ${version}`,
    `Electron ${electron ?? '–'}, Node ${machine.node}, ${machine.platform}`,
    `${machine.cpus} processors, ${gigabytes(machine.memoryBytes)} of memory`,
    `Workspace: schema ${workspace.schemaVersion}, integrity ${workspace.integrity}, ${gigabytes(workspace.sizeBytes)}, ${gigabytes(workspace.freeBytes)} free`,
    `Backend: ${backend.selected ?? 'none'}`,
    ...backend.backends.map(
      ({ name, available, detail }) => `  ${name}: ${available ? 'available' : 'not available'}, ${detail}`,
    ),
    ...Object.entries(backend.versions).map(([name, text]) => `  ${name} ${text}`),
    ...problems.map(({ message }) => `Problem: ${message}`),
  ];
  return withoutPerson(`${lines.join('\n')}\n`);
}

/** Replaces the home folder, the name of the account and of the machine, and whatever else reads as a path. */
export function withoutPerson(
  text: string,
  person = { home: os.homedir(), user: os.userInfo().username, host: os.hostname() },
): string {
  const known: [string, string][] = [
    [person.home, '~'],
    [person.user, '(user)'],
    [person.host, '(machine)'],
  ];
  let clean = text;
  for (const [word, stand] of known) if (word.length > 2) clean = clean.replaceAll(word, stand);
  return clean.replace(/(?<![\w:/])(?:~|[A-Za-z]:)?[\\/](?:[\w.@()~ -]+[\\/])+[\w.@()~-]*/g, '(path)');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
