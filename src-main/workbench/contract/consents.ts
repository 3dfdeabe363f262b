import type { Consent } from '../../shared/domain/errors.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { allowEndpoints } from '../../system/endpoints.ts';
import { allowPrograms } from '../../system/programs.ts';

/** What a window was asked to allow. It can allow nothing else: no page of a window names an address or a program by itself. */
export interface Consents {
  /** A request failed for want of it, and the window hears so. */
  ask(consent: Consent): void;
  /** A person said yes: it holds until this program ends. Throws `conflict` for what was never asked. */
  give(consent: Consent): void;
}

export function createConsents(env: NodeJS.ProcessEnv = process.env): Consents {
  const asked = new Set<string>();
  return {
    ask: (consent) => void asked.add(keyOf(consent)),
    give(consent) {
      if (!asked.has(keyOf(consent))) {
        throw new WorkbenchError('conflict', 'Nobody was asked to allow this.', {
          remedy: 'Start the run or the evaluation again; it asks for what it needs.',
        });
      }
      if (consent.kind === 'endpoint') allowEndpoints([consent.origin], env);
      else allowPrograms([consent.command], env);
    },
  };
}

function keyOf(consent: Consent): string {
  return consent.kind === 'endpoint' ? `endpoint ${consent.origin}` : `program ${consent.command}`;
}
