import { plural } from '../../shared/presentation/words.ts';
import type { ListName } from './list-names.ts';

/** One thing of a list as sentences call it, and the command that makes the first one. */
const firsts: Record<ListName, { one: string; first: string }> = {
  models: { one: 'model', first: 'Import one: flipguard import model FOLDER' },
  datasets: { one: 'dataset', first: 'Import one: flipguard import dataset FILE' },
  suites: { one: 'suite', first: 'Import one: flipguard import suite FILE --kind KIND' },
  runs: {
    one: 'run',
    first: 'Start one: flipguard train SPEC\nOr import another trainer’s: flipguard import run FOLDER',
  },
  checkpoints: { one: 'checkpoint', first: 'Runs save them. Start a run: flipguard train SPEC' },
  evals: evaluation(),
  evaluations: evaluation(),
  comparisons: { one: 'comparison', first: 'Compare two evaluations: flipguard compare OLD NEW' },
  'guard-sets': {
    one: 'guard set',
    first: 'Make one of the negative flips between two evaluations: flipguard guard-set create NAME OLD NEW',
  },
  reports: { one: 'report', first: 'Write one on two evaluations: flipguard report OLD NEW --out FILE' },
};

function evaluation() {
  return {
    one: 'evaluation',
    first:
      'Import another tool’s results: flipguard import eval SOURCE\nOr evaluate a model: flipguard evaluate MODEL --suite SUITE',
  };
}

/** What `list` says where it has nothing to show: what to do next, or that all there is was archived. */
export function emptyListText(what: ListName, archived: number): string {
  const { one, first } = firsts[what];
  if (archived === 0) return `No ${one} yet. ${first}`;
  const all = archived === 1 ? `The only ${one} is` : `All ${plural(archived, one)} are`;
  return `${all} archived. Show ${archived === 1 ? 'it' : 'them'}: flipguard list ${what} --archived`;
}
