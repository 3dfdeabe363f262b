import type { Site } from '../shared/domain/sites.ts';
import { findNodeLines, quoteOption, setUpLines } from './job-script.ts';
import { quote } from './quote.ts';

/** A job of a minute that says what it sees: the node, its GPUs, the folder, the clock, the workbench and its backend. */
export function doctorScript(
  site: Pick<Site, 'program' | 'profile' | 'folder'>,
  folder: string,
  token: string,
): string {
  const { profile } = site;
  const options = [
    ['partition', profile.partition],
    ['account', profile.account],
    ['qos', profile.qos],
    ['gpus-per-node', profile.gpus],
    ['cpus-per-task', profile.cpus],
    ['mem', profile.memory],
    ['constraint', profile.constraint],
  ].filter(([, value]) => value !== undefined);
  return `#!/usr/bin/env bash
#SBATCH --job-name=flipguard-doctor
#SBATCH --time=1
#SBATCH --chdir=${quoteOption(folder)}
#SBATCH --output=${quoteOption(`${folder}/slurm-%j.log`)}
${options.map(([name, value]) => `#SBATCH --${name}=${value}`).join('\n')}
${profile.sbatch.map((line) => `#SBATCH ${line}`).join('\n')}
answer=${quote(`${folder}/answer.new`)}
program=${quote(site.program)}
say() { printf '%s=%s\\n' "$1" "$2" >>"$answer"; }
say node "\${SLURMD_NODENAME:-$(hostname)}"
say clock "$(date +%s%3N)"
say token "$(cat ${quote(`${folder}/token`)})"
say wanted ${quote(token)}
command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | while read -r gpu; do say gpu "$gpu"; done
{
:
${setUpLines(profile)}
} >/dev/null 2>&1
look() {
${findNodeLines}
say version "$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).version' "$program/package.json")"
say node24 "$("$node" -p process.versions.node)"
for backend in tensorflow-cuda tensorflow-cpu webgpu wasm cpu; do
  seen="$("$node" --disable-warning=ExperimentalWarning "$program/src-main/backends/probe.ts" "$backend" 2>/dev/null | tail -n 1)"
  case "$seen" in '{"ok":true'*) say backend "$seen"; break ;; esac
done
}
trouble="$( (look) 2>&1)" || say trouble "$(printf %s "$trouble" | head -n 1)"
mv "$answer" ${quote(`${folder}/answer`)}
`;
}

export type DoctorAnswer = Record<'node' | 'clock' | 'token' | 'version' | 'node24' | 'backend' | 'trouble', string> & {
  gpus: string[];
};

export function parseDoctorAnswer(text: string): DoctorAnswer {
  const answer: DoctorAnswer = {
    node: '',
    clock: '',
    token: '',
    version: '',
    node24: '',
    backend: '',
    trouble: '',
    gpus: [],
  };
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    const [key, value] = [line.slice(0, at), line.slice(at + 1)];
    if (key === 'gpu') answer.gpus.push(value);
    else if (key in answer) Object.assign(answer, { [key]: value });
  }
  return answer;
}
