import type { Site } from '../../shared/domain/sites.ts';
import { checkoutFolder } from './checkout-folder.ts';

/** What a person has to say of a site. */
export interface NewSite {
  name: string;
  /** Null is this machine. */
  host: string | null;
  folder: string;
  program?: string | undefined;
  profile: Partial<Site['profile']>;
}

/** The rest as it is where this program runs: the workbench at the same path, and on this machine the Slurm that SLURM_CONF names. */
export function newSite({ name, host, folder, program, profile }: NewSite) {
  const slurmConf = host === null ? (process.env.SLURM_CONF ?? null) : null;
  return { name, host, folder, program: program ?? checkoutFolder(), slurmConf, profile };
}
