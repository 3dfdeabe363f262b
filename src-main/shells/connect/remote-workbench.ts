import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { siteSchema } from '../../shared/domain/sites.ts';
import { quote } from '../../sites/quote.ts';
import { openShell } from '../../sites/shell.ts';
import { checkoutFolder } from '../../workbench/sites/checkout-folder.ts';
import { version } from '../../workbench/version.ts';

/** Where to find the workbench of another machine. */
export interface HostRequest {
  /** As ssh knows it. */
  host: string;
  /** The folder of the workbench there, or its command; null looks in the PATH and where it is here. */
  program: string | null;
  /** The workspace there; null is that machine's own default. */
  workspace: string | null;
}

/** A server of the other machine, as it says itself. */
const servedThereSchema = z.object({
  /** With a token in it; of that machine, so only its query is of use here. */
  address: z.string(),
  port: z.number().int().min(1).max(65_535),
  pid: z.number(),
  version: z.string(),
  workspace: z.string(),
  started: z.boolean(),
});
export interface ServedThere extends Pick<z.infer<typeof servedThereSchema>, 'port' | 'pid' | 'workspace' | 'started'> {
  token: string;
}

export function requireHost(host: string): void {
  const parsed = siteSchema.shape.host.safeParse(host);
  if (parsed.success) return;
  throw new WorkbenchError('bad-input', `“${host}” is not a host as ssh knows it.`, {
    remedy: 'Name it as you would in “ssh HOST”: a name of ~/.ssh/config, HOST or USER@HOST.',
    place: { field: 'host' },
  });
}

/** The interface may have to be built there the first time. */
const startWithinMs = 10 * 60_000;

/**
 * Finds or starts `flipguard serve` on the other machine and takes a token from it, all over ssh: the token is in no program's arguments,
 * here or there. Another version there is refused with what to run.
 */
export async function serveThere(request: HostRequest, signal: AbortSignal): Promise<ServedThere> {
  const { host, workspace } = request;
  const shell = openShell({ host, slurmConf: null }, { shared: false });
  const there = workspace === null ? '' : `--workspace ${quote(workspace)} `;
  const script = `${findScript(request)}
[ "$known" = ${quote(version)} ] || exit 0
echo @served
flipguard ${there}--json serve --detach`;
  // A login shell: programs that people install for themselves are in the PATH of their profile.
  const answer = await shell.run(`exec bash -lc ${quote(script)}`, { signal, timeoutMs: startWithinMs });
  requireSameVersion(request, answer.stdout);
  const [, json = ''] = answer.stdout.split('@served\n');
  const served = parsed(json);
  if (served !== null) return accepted(request, served);
  const said = errorIn(json) ?? answer.stderr.trim().split('\n').slice(-3).join(' · ');
  throw new WorkbenchError(
    'unavailable',
    `The workbench at “${host}” could not be started: ${said || 'it gave no reason'}`,
    {
      remedy: `Try it there: ssh ${host}, then flipguard serve --detach.`,
    },
  );
}

/** Defines `flipguard` and prints where it is and which version. */
function findScript({ program }: HostRequest): string {
  const places =
    program === null
      ? `"$(command -v flipguard || true)" ${quote(checkoutFolder(import.meta.dirname))} "$HOME/flipguard"`
      : quote(program);
  return `found='' node=''
for place in ${places}; do
  if [ -f "$place" ] && [ -x "$place" ]; then found="$place"; break; fi
  [ -e "$place/build/flipguard.mjs" ] || continue
  for candidate in "\${FLIPGUARD_NODE:-}" "$(command -v node || true)" "$place"/node_modules/node-*/bin/node; do
    if [ -x "$candidate" ]; then node="$candidate"; found="$place"; break 2; fi
  done
done
[ -n "$found" ] || { echo @missing; exit 0; }
flipguard() { if [ -n "$node" ]; then "$node" "$found/build/flipguard.mjs" "$@"; else "$found" "$@"; fi; }
known="$(flipguard --version | tail -n 1)"
echo "@found $found"
echo "@version $known"`;
}

function requireSameVersion({ host, program }: HostRequest, stdout: string): void {
  const field = (name: string) => new RegExp(`^@${name} (.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? null;
  const found = field('found');
  if (found === null) {
    const where = program === null ? 'in the PATH there' : `at ${program} there`;
    throw new WorkbenchError('not-found', `FlipGuard Workbench was not found ${where} (“${host}”).`, {
      remedy: `Name its folder there: --program DIR. To install it: git clone and npm ci there, version ${version}.`,
    });
  }
  const known = field('version');
  if (known === version) return;
  throw new WorkbenchError(
    'conflict',
    `“${host}” has FlipGuard Workbench ${known ?? 'of no known version'} (${found}); here it is ${version}.`,
    {
      remedy: `Bring both to one version. There, for example: ssh ${host}, then cd ${found} && git fetch && git checkout v${version} && npm ci.`,
    },
  );
}

function accepted({ host }: HostRequest, served: z.infer<typeof servedThereSchema>): ServedThere {
  if (served.version !== version) {
    throw new WorkbenchError(
      'conflict',
      `What serves ${served.workspace} at “${host}” is of version ${served.version}; here it is ${version}.`,
      {
        remedy: `It was started before the workbench there was updated: ssh ${host} flipguard serve --stop, and connect again.`,
      },
    );
  }
  const token = new URL(served.address).searchParams.get('token') ?? '';
  const { port, pid, workspace, started } = served;
  return { port, pid, workspace, started, token };
}

function parsed(json: string): z.infer<typeof servedThereSchema> | null {
  try {
    const result = servedThereSchema.safeParse(JSON.parse(json));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

const errorSchema = z.object({ error: z.object({ message: z.string(), remedy: z.string().optional() }) });

function errorIn(json: string): string | null {
  try {
    const { error } = errorSchema.parse(JSON.parse(json));
    return `${error.message} ${error.remedy ?? ''}`.trim();
  } catch {
    return null;
  }
}
